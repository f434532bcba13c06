"""The fields of a license row as a value of core and back, and the policy that decides it."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from tradepost.core.edition import Edition
from tradepost.core.license import LicensePolicy, LicenseTerms, LicenseType, Period
from tradepost.core.states import LicenseState
from tradepost.foundation.configuration import configuration

from .models import SiteLicense

FIELDS = tuple(field.name for field in fields(LicenseTerms))
KINDS: dict[str, type[LicenseState | LicenseType | Period | Edition]] = {
    "state": LicenseState,
    "kind": LicenseType,
    "period": Period,
    "edition": Edition,
    "next_edition": Edition,
    "falls_back_to": Edition,
}


def policy() -> LicensePolicy:
    """The operator's settings, as the rules take them."""
    own = configuration.policy
    return LicensePolicy(
        trial=own.trial,
        edition_trial=own.edition_trial,
        renews=own.subscriptions_renew,
        keeps_edition=own.expired_keeps_edition,
    )


def terms_of(row: SiteLicense) -> LicenseTerms:
    """What a row says."""
    return terms_from({name: getattr(row, name) for name in FIELDS})


def terms_from(values: dict[str, Any]) -> LicenseTerms:
    """Terms from the values of the columns; other columns may be among them."""
    return LicenseTerms(**{name: _typed(name, values[name]) for name in FIELDS})


def write_terms(row: SiteLicense, terms: LicenseTerms) -> None:
    """Put terms into a row; saving it is the caller's."""
    for name in FIELDS:
        setattr(row, name, getattr(terms, name))


def told(terms: LicenseTerms) -> dict[str, Any]:
    """Terms for the history: what is empty or as it always was is left out, but never the state."""
    usual = LicenseTerms()
    values = {name: getattr(terms, name) for name in FIELDS}
    return {name: _plain(value) for name, value in values.items() if name == "state" or value != getattr(usual, name)}


def _typed(name: str, value: Any) -> Any:
    kind = KINDS.get(name)
    return value if kind is None or value is None else kind(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value
