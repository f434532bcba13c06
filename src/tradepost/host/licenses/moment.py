"""What one answer of ours has found out about licenses: all channels of a page say the same, and ask once.

A moment begins and ends with a request. Background work has none: there every question is about the row.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tradepost.core.license import License
from tradepost.foundation.clock import domain_now


@dataclass(slots=True)
class Moment:
    """`known` are licenses by installation, `renewed` the sites for which the marketplace need not be asked again."""

    known: dict[UUID, License] = field(default_factory=dict)
    renewed: set[UUID] = field(default_factory=set)
    _now: datetime | None = None

    @property
    def now(self) -> datetime:
        """Domain time, which stands still for one answer."""
        if self._now is None:
            self._now = domain_now()
        return self._now


def present_moment() -> Moment | None:
    """The moment of the request that is being answered, None outside of one."""
    return _present.get()


def begin(**_: Any) -> None:
    """A request begins."""
    _present.set(Moment())


def end(**_: Any) -> None:
    """It is answered."""
    _present.set(None)


_present: ContextVar[Moment | None] = ContextVar("tradepost_license_moment", default=None)
