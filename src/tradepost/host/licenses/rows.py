"""A license as a page shows it: everything in words, with the buttons that make sense now."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from tradepost.core.edition import Edition
from tradepost.core.states import LicenseState

from .sights import LicenseSight
from .words import SIMULATIONS, STATES, choices, days_word, edition_word, local, terms_sentence, to_try


@dataclass(frozen=True, slots=True)
class Row:
    """One app's license. Empty texts are left out of the page; times are on the site's own clock, in `zone`."""

    sight: LicenseSight
    badge: str
    state: str
    terms: str = ""
    edition: str = ""
    next_edition: str = ""
    edition_trial: str = ""
    number: str = ""
    token: str = ""
    simulated: str = ""
    covered: str = ""
    may_try: bool = False
    choices: tuple[Edition, ...] = ()
    to_try: tuple[Edition, ...] = ()
    why_not: str = ""
    answered: str = ""
    stands: str = ""

    @property
    def key(self) -> str:
        return self.sight.app_key

    @property
    def is_silent(self) -> bool:
        """Whether the marketplace could not be asked last."""
        return bool(self.sight.problem) and not self.sight.is_free


def row_of(sight: LicenseSight, *, now: datetime, zone: tzinfo) -> Row:
    """The row of a sight."""
    told = sight.told
    times = {
        "answered": local(sight.answered_at, zone) if sight.answered_at else "",
        "stands": local(sight.stands_until, zone) if sight.stands_until else "",
    }
    if told is None:
        return Row(sight, *_without_answer(sight), **times)
    token = told.token
    badge, state = ("free", "free app") if sight.is_free and not token else _state(sight)
    is_own = token is None and not sight.is_free
    ends = told.edition_trial_ends_at
    return Row(
        sight,
        badge,
        state,
        terms=terms_sentence(told, now=now, zone=zone) if is_own else "",
        edition=edition_word(told.edition) if not sight.is_free else "",
        next_edition=_next(told.next_edition, told.period_ends_at, zone) if is_own else "",
        edition_trial=f"{days_word(ends, now)}, until {local(ends, zone)}" if ends and is_own else "",
        number=(told.entitlement_number or told.entitlement_id or "") if not sight.is_free else "",
        token=token.prefix if token else "",
        simulated=SIMULATIONS.get(token.simulated, token.simulated) if token else "",
        covered=_covered(told.covered),
        may_try=told.may_try and is_own,
        choices=tuple(choices(told)) if told.may_switch and is_own else (),
        to_try=tuple(to_try(told)) if is_own else (),
        why_not=told.why_not if is_own and not told.may_switch else "",
        **times,
    )


def _without_answer(sight: LicenseSight) -> tuple[str, str]:
    if sight.is_free:
        return "free", "free app"
    if sight.is_by_address:
        return "plain", "installed by its address"
    if sight.answered_at is not None:
        return "plain", "not licensed"
    return "waiting", "not known yet"


def _state(sight: LicenseSight) -> tuple[str, str]:
    assert sight.told is not None
    if sight.is_void:
        return "refused", "not confirmed for too long"
    return STATES.get(sight.told.state, ("plain", sight.told.state))


def _covered(state: str | None) -> str:
    """What a token hides, empty where that is nothing."""
    if state is None or state == LicenseState.NONE:
        return ""
    return STATES.get(state, ("", state))[1]


def _next(edition: str | None, at: datetime | None, zone: tzinfo) -> str:
    if not edition:
        return ""
    return f"{edition_word(edition)} from {local(at, zone)}" if at else f"{edition_word(edition)} next"
