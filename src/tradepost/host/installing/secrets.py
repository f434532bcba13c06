"""The secret an installation shares with its app: which one counts, and how another takes its place.

A new secret is only offered (`sealed_pending_secret`) until the app has answered that it took it. While the answer is
lost neither side can tell which of the two counts: both are accepted, and what we sign is signed with the old one.
Source: protocol.md 1.4.
"""

from functools import lru_cache

from tradepost.core.states import InstallationState
from tradepost.foundation.clock import new_secret
from tradepost.foundation.secrets import seal, unseal

from .models import Installation

SECRET_BYTES = 48
"""Of randomness; 64 characters on the wire, where apps keep room for 128."""

_RUNNING = (InstallationState.ENABLED, InstallationState.DISABLED)


def make_secret() -> str:
    """A new secret, sealed."""
    return seal(new_secret(SECRET_BYTES))


def accepted_secrets(installation: Installation) -> tuple[str, ...]:
    """The secrets with which the app may have signed what it sends: the one in force, then one that is offered."""
    sealed = (installation.sealed_secret, installation.sealed_pending_secret)
    return tuple(_unsealed(each) for each in sealed if each)


def secret_in_force(installation: Installation) -> str:
    """The secret to sign with. Raises UnreadableSecretError where its key is gone."""
    return _unsealed(installation.sealed_secret)


def pending_secret(installation: Installation) -> str:
    """The secret that is offered; there must be one."""
    return _unsealed(installation.sealed_pending_secret)


def secret_to_install(installation: Installation) -> str:
    """What an `installed` call carries: an app that returns to a site gets a new one, all others what they have."""
    return pending_secret(installation) if is_returning(installation) else secret_in_force(installation)


def is_returning(installation: Installation) -> bool:
    """Whether it is being installed after an uninstall; the secret of its former life is kept meanwhile."""
    return installation.state == InstallationState.INSTALLING and bool(installation.sealed_pending_secret)


def is_rotating(installation: Installation) -> bool:
    """Whether a running app is being offered a new secret."""
    return installation.state in _RUNNING and bool(installation.sealed_pending_secret)


def take_pending(installation: Installation) -> None:
    """The app has taken what was offered; the caller saves both columns."""
    installation.sealed_secret, installation.sealed_pending_secret = installation.sealed_pending_secret, ""


@lru_cache(maxsize=4096)
def _unsealed(sealed: str) -> str:
    return unseal(sealed)
