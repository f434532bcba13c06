"""Editions of an app, in the order of their rank, and what they are called on the wire. Source: domain.md 7.1, 7.8."""

from enum import StrEnum


class Edition(StrEnum):
    """The level of an app that a site has. The order of the members is their rank: the first is what every app is."""

    STANDARD = "standard"
    ADVANCED = "advanced"

    @property
    def rank(self) -> int:
        """0 for the lowest."""
        return list(Edition).index(self)

    @property
    def capability(self) -> str:
        """The word of the wire: `capabilityStandard`, `capabilityAdvanced`."""
        return f"capability{self.value.title()}"

    @property
    def word(self) -> str:
        """The word for people."""
        return self.value.title()


LOWEST = Edition.STANDARD
"""What the present app becomes, and what a site falls back to."""


class ProductEdition(StrEnum):
    """The edition of a site's own product. It never limits an app's edition."""

    FREE = "free"
    STANDARD = "standard"
    PREMIUM = "premium"
    ENTERPRISE = "enterprise"
