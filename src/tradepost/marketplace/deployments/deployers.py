"""Who deploys: a person with their own token or session, or a key that can do only this.

A key (`builds.models.DeployToken`) belongs to one app and one environment. What it may not see does not exist for it.
"""

from dataclasses import dataclass
from uuid import UUID

from tradepost.core.errors import ForbiddenError, NotFoundError
from tradepost.foundation.callers import Caller


@dataclass(frozen=True, slots=True)
class Deployer:
    """Who asks. Exactly one of `caller` (a person) and `app` with `environment` (a key) is there."""

    actor: str
    caller: Caller | None = None
    app: UUID | None = None
    environment: str | None = None
    run_url: str = ""

    def require_environment(self, environment: str) -> None:
        """Raise NotFoundError where a key is for another environment."""
        if self.caller is None and self.environment != environment:
            raise NotFoundError("environment", environment)

    def require_person(self) -> Caller:
        """Raise ForbiddenError for a key: starting rollouts, withdrawing and making keys is for people."""
        if self.caller is None:
            raise ForbiddenError("A deploy token deploys and sees what became of it. For this a person signs in.")
        return self.caller

    @classmethod
    def of(cls, caller: Caller) -> "Deployer":
        """A person."""
        return cls(caller.actor, caller)
