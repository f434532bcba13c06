"""Draws docs/licenses.md by doing every act in every state: `python -m tradepost.testing.draw licenses.md`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from textwrap import fill

from tradepost.core import license_acts as acts
from tradepost.core.edition import Edition
from tradepost.core.errors import ConflictError, IllegalTransitionError
from tradepost.core.license import PAID, Billing, LicensePolicy, LicenseTerms, Period, Simulated, TokenTerms
from tradepost.core.license_acts import LicenseRule
from tradepost.core.license_decision import Standing, decide, first_edition
from tradepost.core.license_settling import settle
from tradepost.core.states import LicenseState

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
POLICY = LicensePolicy()
WIDTH = 119
LOW, HIGH = min(Edition, key=lambda edition: edition.rank), max(Edition, key=lambda edition: edition.rank)
HEAD = """# Licenses

What each act does in each state of a [license](states.md#license), what time does, and what an app is told. Drawn by
doing it, from `src/tradepost/core/license_acts.py` and its neighbours, by `make docs`; a test fails when this page is
out of date. The words are in [the glossary](glossary.md), an operator's settings in [settings](reference/settings.md).

Everything is reckoned in UTC, and what ends at an instant is over at that instant. The n-th period ends n months or
years after the first began, on the same day, or on the last of a month that is too short: a license bought on January
31 ends on February 28, on March 31, on April 30. A trial is so many times 24 hours; a day begun counts as a day left.
"""
POLICIES = {"renews": POLICY, "ends unless paid": replace(POLICY, renews=False)}
ACTS: Mapping[str, Callable[[LicenseTerms], LicenseTerms]] = {
    "start a trial": lambda terms: acts.start_trial(terms, at=NOW, policy=POLICY, edition=None),
    "buy": lambda terms: acts.buy(terms, at=NOW, period=Period.MONTHLY, edition=None),
    "pay one more period": lambda terms: acts.pay(terms, at=NOW),
    "cancel": lambda terms: acts.cancel(terms, at=NOW),
    "resume": lambda terms: acts.resume(terms, at=NOW),
    "end": lambda terms: acts.end(terms, at=NOW),
    "change the license type or the user tier": lambda terms: acts.change(terms, at=NOW, user_tier=1),
    "change the period": lambda terms: acts.change(terms, at=NOW, period=Period.ANNUAL),
    "switch to the higher edition": lambda terms: acts.switch(replace(terms, edition=LOW), HIGH, at=NOW),
    "switch to the lower edition": lambda terms: acts.switch(replace(terms, edition=HIGH), LOW, at=NOW),
    "take a downgrade back": lambda terms: acts.keep(_with_downgrade(terms), at=NOW),
    "try the higher edition": lambda terms: acts.try_edition(replace(terms, edition=LOW), HIGH, at=NOW, policy=POLICY),
}
EDITION_ACTS = tuple(ACTS)[-4:]
RULES: Mapping[LicenseRule, str] = {
    LicenseRule.TRIAL_USED: "A site has one trial of an app.",
    LicenseRule.NO_PERIOD: "A license without periods is neither paid for one more nor runs to the end of one.",
    LicenseRule.NOT_ACTIVE: "Only an active subscription can have another period.",
    LicenseRule.SIMULATED: "An access token hides the license: change what it simulates instead.",
    LicenseRule.ORIGINAL: "The customer is on original billing, which knows no editions.",
    LicenseRule.FREE: "The live version of the app is free.",
    LicenseRule.NOT_LIVE: "The app is not offered in editions.",
    LicenseRule.NOT_RUNNING: "The site has no license that runs.",
    LicenseRule.CANCELLED: "The subscription is cancelled: resume it first.",
    LicenseRule.SAME: "The site has that edition already.",
    LicenseRule.PENDING: "Another edition is to come already.",
    LicenseRule.NOTHING_PENDING: "There is no downgrade to take back.",
    LicenseRule.EDITION_TRIAL_USED: "A site has one trial of a higher edition.",
    LicenseRule.NOT_HIGHER: "Only an edition higher than the present one can be tried.",
}


def draw() -> str:
    """Return the page."""
    parts = (HEAD, _acts(), _editions(), _time(), _first(), _shown(), _tokens(), _rules())
    return "\n".join(parts)


def terms_of(state: LicenseState, *, period: Period = Period.MONTHLY) -> LicenseTerms:
    """A license in `state`, as it comes to be at NOW or shortly before."""
    before = NOW - timedelta(days=5)
    trial = acts.start_trial(LicenseTerms(), at=before, policy=POLICY, edition=None)
    bought = acts.buy(trial, at=before, period=period, edition=None)
    made: dict[LicenseState, Callable[[], LicenseTerms]] = {
        LicenseState.NONE: LicenseTerms,
        LicenseState.TRIAL: lambda: trial,
        LicenseState.TRIAL_EXPIRED: lambda: acts.end(trial, at=before),
        LicenseState.ACTIVE: lambda: bought,
        LicenseState.CANCELLED: lambda: acts.cancel(bought, at=before),
        LicenseState.EXPIRED: lambda: acts.end(bought, at=before),
    }
    return made[state]()


def _acts() -> str:
    rows = [
        [name, *(_after(act, terms_of(state)) for state in LicenseState)]
        for name, act in ACTS.items()
        if name not in EDITION_ACTS
    ]
    return _part(
        "Acts and states",
        "The state after each act; a dash where the act is refused and nothing changes. A site has one trial of an "
        "app. Periods of another length count from the end of the one that is paid.",
        _table(["act", *(f"`{state.value}`" for state in LicenseState)], rows),
    )


def _after(act: Callable[[LicenseTerms], LicenseTerms], terms: LicenseTerms) -> str:
    try:
        return f"`{act(terms).state.value}`"
    except (ConflictError, IllegalTransitionError):
        return "-"


def _editions() -> str:
    situations = {f"`{state.value}`": terms_of(state) for state in LicenseState}
    situations["`active`, no period"] = terms_of(LicenseState.ACTIVE, period=Period.NONE)
    rows = [[name, *(_effect(ACTS[act], terms) for act in EDITION_ACTS)] for name, terms in situations.items()]
    return _part(
        "Choosing an edition",
        f"An upgrade also takes back a downgrade that was to come. A trial of {HIGH.word} falls back to the edition "
        "that is paid for; it ends when that edition or another is chosen, and with the license. A site has one.",
        _table(["state", *EDITION_ACTS], rows),
    )


def _with_downgrade(terms: LicenseTerms) -> LicenseTerms:
    can_wait = terms.state in PAID and terms.period_ends_at is not None
    return replace(terms, edition=HIGH, next_edition=LOW) if can_wait else terms


def _effect(act: Callable[[LicenseTerms], LicenseTerms], terms: LicenseTerms) -> str:
    try:
        after = act(terms)
    except ConflictError as refused:
        return f"refused (`{refused.rule}`)"
    if after.next_edition is not None:
        return "at the end of the period"
    return f"at once, for {POLICY.edition_trial.days} days" if after.edition_trial_ends_at is not None else "at once"


def _time() -> str:
    pending = replace(terms_of(LicenseState.ACTIVE), edition=HIGH, next_edition=LOW)
    cases = {
        "a trial": terms_of(LicenseState.TRIAL),
        "an active subscription": terms_of(LicenseState.ACTIVE),
        f"an active subscription with {LOW.word} to come": pending,
        "a cancelled subscription": terms_of(LicenseState.CANCELLED),
        f"a cancelled subscription with {LOW.word} to come": acts.cancel(pending, at=NOW),
        f"an active subscription with {HIGH.word} on trial": acts.try_edition(
            terms_of(LicenseState.ACTIVE), HIGH, at=NOW - timedelta(days=4), policy=POLICY
        ),
        f"a cancelled subscription with {HIGH.word} on trial": acts.try_edition(
            terms_of(LicenseState.CANCELLED), HIGH, at=NOW, policy=POLICY
        ),
    }
    rows = [[name, *(_events(terms, policy) for policy in POLICIES.values())] for name, terms in cases.items()]
    return _part(
        "What time does",
        "In this order, where two things fall on one instant. Whether a subscription renews by itself is the setting "
        "`TRADEPOST_POLICY_SUBSCRIPTIONS_RENEW`.",
        _table(["of", *POLICIES], rows),
    )


def _events(terms: LicenseTerms, policy: LicensePolicy) -> str:
    _, changes = settle(terms, NOW + timedelta(days=27), policy)
    return ", then ".join(f"{change.event.replace('_', ' ')} ({change.at:%b} {change.at.day})" for change in changes)


def _first() -> str:
    rows = []
    for state in LicenseState:
        cells = (
            first_edition(terms_of(state), billing=billing, live_at=live_at, at=NOW)
            for billing, live_at in ((Billing.IMPROVED, NOW), (Billing.IMPROVED, None), (Billing.ORIGINAL, NOW))
        )
        rows.append([f"`{state.value}`", *(_word(edition) for edition in cells)])
    return _part(
        "The first edition",
        "What a license without an edition gets by a trial that begins or by a purchase. One that has an edition keeps "
        "it, where editions are still offered, and else has the lowest; one that runs without is an existing license, "
        "and has none until somebody first switches.",
        _table(["state before", "improved, editions live", "improved, not live", "original billing"], rows),
    )


def _shown() -> str:
    rows = []
    for state in LicenseState:
        for edition in (None, *Edition):
            if state is LicenseState.NONE and edition is not None:
                continue
            terms = replace(terms_of(state), edition=edition)
            improved, original = (
                Standing(terms=terms, billing=billing) for billing in (Billing.IMPROVED, Billing.ORIGINAL)
            )
            rows.append([f"`{state.value}`", _word(edition), *_told(improved, original)])
    return _part(
        "What an app is told",
        "On every channel alike, while the version that the site runs is paid. Where nothing is told there is nothing: "
        "no null and no empty text. Whether a license that is over keeps its edition is the setting "
        "`TRADEPOST_POLICY_EXPIRED_KEEPS_EDITION`.",
        _table(
            ["state", "its edition", "`lic`", "`license`", "`evaluation`", "`capSet`, improved", "`capSet`, original"],
            rows,
        ),
    )


def _tokens() -> str:
    rows = []
    for simulated in Simulated:
        for edition in Edition:
            terms = LicenseTerms()
            token = TokenTerms(prefix="tpa_x", simulated=simulated, edition=edition)
            mapped, bare = (Standing(terms=terms, token=token, tokens_may_switch=may) for may in (True, False))
            rows.append([f"`{simulated.value}`", _word(edition), *_told(mapped, bare)])
    return _part(
        "What an app is told under an access token",
        "The site's own license, and how its customer is billed, do not matter; the license type is `DEVELOPER`. An "
        f"edition above {LOW.word} is told of apps alone whose vendor has mapped features to editions.",
        _table(
            ["simulated", "chosen", "`lic`", "`license`", "`evaluation`", "`capSet`, mapped", "`capSet`, not mapped"],
            rows,
        ),
    )


def _told(one: Standing, other: Standing) -> list[str]:
    told, also = (
        decide(standing, entitlement_id=None, entitlement_number=None, support_number=None, policy=POLICY)
        for standing in (one, other)
    )
    exists = "there" if told.exists else "absent"
    sets = (f"`{each.capability_set}`" if each.capability_set else "absent" for each in (told, also))
    return [f"`{told.word}`", exists, f"`{str(told.evaluation).lower()}`" if told.exists else "absent", *sets]


def _rules() -> str:
    rows = [[f"`{rule.value}`", RULES[rule]] for rule in LicenseRule]
    return _part("Refusals", "The `rule` of the problem that is answered.", _table(["rule", "means"], rows))


def _word(edition: Edition | None) -> str:
    return edition.word if edition is not None else "none"


def _part(title: str, text: str, table: str) -> str:
    return f"## {title}\n\n{fill(text, WIDTH)}\n\n{table}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *map(list, rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
