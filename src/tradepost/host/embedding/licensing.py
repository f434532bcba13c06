"""What a site has licensed of an app, as apps read it: the `lic` and `capSet` of protocol.md 3.1."""

from dataclasses import dataclass

from tradepost.host.installing.models import Installation


@dataclass(frozen=True, slots=True)
class License:
    """`word` is what addresses carry, `active` or `none`; an app without editions has no `capability_set`."""

    word: str = "none"
    capability_set: str | None = None

    @property
    def is_active(self) -> bool:
        return self.word == "active"


def license_of(installation: Installation) -> License:  # noqa: ARG001  every app is the same until there are licenses
    """The one place that says what a site has licensed of an app: of every app nothing, and no edition."""
    return License()
