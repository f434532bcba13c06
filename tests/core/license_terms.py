"""Licenses for tests, made as people make them: by acts, not by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tradepost.core import license_acts as acts
from tradepost.core.edition import Edition
from tradepost.core.license import LicensePolicy, LicenseTerms, Period
from tradepost.core.states import LicenseState

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
RENEWS = LicensePolicy()
ENDS = replace(RENEWS, renews=False)
STANDARD, ADVANCED = Edition.STANDARD, Edition.ADVANCED


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on_trial(edition: Edition | None = STANDARD, *, at: datetime = NOW) -> LicenseTerms:
    return acts.start_trial(LicenseTerms(), at=at, policy=RENEWS, edition=edition)


def bought(edition: Edition | None = STANDARD, *, at: datetime = NOW, period: Period = Period.MONTHLY) -> LicenseTerms:
    return acts.buy(LicenseTerms(), at=at, period=period, edition=edition)


def cancelled(edition: Edition | None = STANDARD, *, at: datetime = NOW) -> LicenseTerms:
    return acts.cancel(bought(edition, at=at), at=at)


def in_state(state: LicenseState, edition: Edition | None = STANDARD) -> LicenseTerms:
    """A license in `state` at NOW. One that was never begun has no edition."""
    return {
        LicenseState.NONE: LicenseTerms(),
        LicenseState.TRIAL: on_trial(edition),
        LicenseState.TRIAL_EXPIRED: acts.end(on_trial(edition), at=NOW),
        LicenseState.ACTIVE: bought(edition),
        LicenseState.CANCELLED: cancelled(edition),
        LicenseState.EXPIRED: acts.end(bought(edition), at=NOW),
    }[state]


policies = st.builds(
    LicensePolicy,
    trial=st.timedeltas(timedelta(0), 90 * DAY),
    edition_trial=st.timedeltas(timedelta(0), 90 * DAY),
    renews=st.booleans(),
    keeps_edition=st.booleans(),
)
