"""Keeping what the marketplace decides: as it answers, and as it pushes. Asking it once for all that is stale.

It is asked outside of transactions, for no longer than somebody waits for a page, and after a failure for a while not
at all. What it said stands meanwhile. Old news is known by its `revision`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import transaction

from tradepost.core.schedule import next_start
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.configuration import configuration
from tradepost.foundation.secrets import unseal
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.marketlink.client import MarketplaceClient, MarketplaceError
from tradepost.host.marketlink.models import MarketplaceLink
from tradepost.host.sites.models import Site
from tradepost.wire import licenses as wire

from .deciding import license_in
from .models import CachedLicense
from .moment import present_moment
from .queries import find_asked, find_by_pairs, find_link_to_ask, find_stale, stale_among
from .telling import NO_CALLS, tell

PAGE_SECONDS = 2.0
"""How long a page waits for the marketplace at most."""

HOLD_OFF = timedelta(seconds=30)
"""Machine time for which nobody asks after a failure, on any page of any site."""

UNSEEN_INTERVAL, UNSEEN_JITTER = timedelta(hours=12), 0.5
"""How often a decision is asked for although nobody looks; much of it early, so that not all are asked for at once."""

Pair = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Question:
    """An installation that the marketplace is asked about, and the version that counts."""

    installation: Installation
    version: KnownVersion
    begin_trial: bool = False

    @property
    def pair(self) -> Pair:
        return self.installation.site_id, self.installation.app_key

    def message(self) -> wire.LicenseQuestion:
        site, app = self.pair
        return wire.LicenseQuestion(site=site, app=app, version=self.version.number, begin_trial=self.begin_trial)


def renew(site: Site, *, now: datetime | None = None) -> None:
    """Ask about every app of a site whose decision is stale, once for a whole page. To be called before it is made."""
    moment = present_moment()
    if moment is not None:
        if site.pk in moment.renewed:
            return
        moment.renewed.add(site.pk)
        now = now or moment.now
    now = now or domain_now()
    _ask_about(find_stale([site.pk], now=now), now)


def refresh(installations: Collection[Installation] | Collection[UUID], *, now: datetime, anew: bool = False) -> None:
    """Ask about those of some installations whose decision is stale; with `anew` about all."""
    ids = [each.pk if isinstance(each, Installation) else each for each in installations]
    if ids:
        _ask_about(find_asked(ids) if anew else stale_among(ids, now=now), now)


def ask(questions: Sequence[Question], *, now: datetime, seconds: float = PAGE_SECONDS) -> bool:
    """Put at most MOST_QUESTIONS to the marketplace and keep what it answers. False where it could not be asked."""
    try:
        answer = put([each.message() for each in questions], seconds=seconds)
    except MarketplaceError as error:
        note_failure(questions, str(error), now=now)
        return False
    if answer is not None:
        take(questions, answer, now=now)
    return answer is not None


def put(questions: Sequence[wire.LicenseQuestion], *, seconds: float) -> wire.LicenseDecisions | None:
    """Put questions to the marketplace, None where nobody asks it now. Not to be used inside a transaction.

    Raises MarketplaceError, after which nobody asks for a while.
    """
    link = find_link_to_ask()
    if link is None or not questions:
        return None
    client = MarketplaceClient(link.url, unseal(link.sealed_credential))
    try:
        return client.licenses(wire.LicenseQuestions(questions=list(questions)), seconds=seconds)
    except MarketplaceError:
        MarketplaceLink.objects.update(license_held_until=machine_now() + HOLD_OFF)
        raise


@transaction.atomic
def take(questions: Sequence[Question], answer: wire.LicenseDecisions, *, now: datetime, by_call: bool = False) -> None:
    """Keep an answer that was asked for at `now`. Decisions about anything else are not looked at.

    With `by_call` apps hear of it by an `installed` call that is about to be made, about the questions' versions.
    """
    asked = {each.pair: each for each in questions}
    decisions = [each for each in answer.decisions if (each.site, each.app) in asked]
    keep(decisions, now=now, calls={each.pair: each.version for each in questions} if by_call else {})
    rest = {pair: each.installation for pair, each in asked.items()}
    for each in decisions:
        rest.pop((each.site, each.app), None)
    unheard = {pair for pair in rest if pair[0] in set(answer.unknown_sites)}
    if unheard:
        # The marketplace hears of a site by its first check.
        sites = Site.objects.filter(pk__in={site for site, _ in unheard}, check_failures=0, next_check_at__gt=now)
        sites.update(next_check_at=now)
    _keep_unknown([each for pair, each in rest.items() if pair in unheard or pair[1] in answer.unknown], now)
    _keep_silence([each for pair, each in rest.items() if pair not in unheard and pair[1] not in answer.unknown], now)


@transaction.atomic
def keep(
    decisions: Iterable[wire.LicenseDecision],
    *,
    now: datetime,
    pushed: bool = False,
    calls: Mapping[Pair, KnownVersion] = NO_CALLS,
) -> int:
    """Keep decisions about what sites have here, and tell apps what has changed for them; return how many were news.

    A lower revision than known is old news. The same one is kept again when it was asked for later, for time alone may
    have changed what it says; a push that comes again (`pushed`) says nothing. `now` is domain time. `calls` are the
    versions about which apps hear by an `installed` call that is about to be made.
    """
    newest: dict[Pair, wire.LicenseDecision] = {}
    for each in sorted(decisions, key=lambda each: each.revision):
        newest[each.site, each.app] = each
    found = find_by_pairs(newest.keys())
    rows = _locked_rows(found.values())
    news = []
    for pair, installation in found.items():
        row, decision = rows[installation.pk], newest[pair]
        if _is_news(row, decision, now, pushed=pushed):
            _write(row, decision, installation, now)
            news.append((installation, row))
        elif not pushed:
            row.fresh_until = now + configuration.policy.license_cache
    _save(rows.values(), _WRITTEN)
    _let_known(news, now)
    tell(news, now=now, calls=calls)
    return len(news)


@transaction.atomic
def note_failure(questions: Sequence[Question], text: str, *, now: datetime) -> None:
    """The marketplace did not answer: what it said last stands, and a trial that was to begin is asked for later."""
    installations = {each.installation.pk: each.installation for each in questions}
    rows = _locked_rows(installations.values())
    for row in rows.values():
        row.tried_at, row.problem = machine_now(), text
    for each in questions:
        rows[each.installation.pk].trial_wanted |= each.begin_trial
    _save(rows.values(), ["tried_at", "problem", "trial_wanted"])
    # A decision that has stood too long is a change, too.
    tell([(installations[pk], row) for pk, row in rows.items()], now=now)


def questions_about(installations: Iterable[Installation]) -> list[Question]:
    """What to ask about installations: about what they run, or else what they are about to."""
    made = []
    for each in installations:
        version = each.rights_version or each.newest
        cached: CachedLicense | None = getattr(each, "cached_license", None)
        if version is not None:
            made.append(Question(each, version, begin_trial=cached is not None and cached.trial_wanted))
    return made


_WRITTEN = [
    "decision", "revision", "answered_at", "fresh_until", "due_at", "tried_at", "problem", "trial_wanted",
]  # fmt: skip


def _ask_about(stale: Iterable[Installation], now: datetime) -> None:
    questions = questions_about(stale)
    for start in range(0, len(questions), wire.MOST_QUESTIONS):
        if not ask(questions[start : start + wire.MOST_QUESTIONS], now=now):
            return


def _locked_rows(installations: Iterable[Installation]) -> dict[UUID, CachedLicense]:
    """The rows of installations, made where there are none, in the order in which everybody locks them."""
    ids = [each.pk for each in installations]
    if not ids:
        return {}
    CachedLicense.objects.bulk_create([CachedLicense(installation_id=pk) for pk in ids], ignore_conflicts=True)
    rows = CachedLicense.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    return {row.pk: row for row in rows}


def _save(rows: Iterable[CachedLicense], names: Sequence[str]) -> None:
    """Write some columns of locked rows. They are there, so each is a conflict, and a conflict is an update: that is
    less work than an update by cases.
    """
    CachedLicense.objects.bulk_create(
        list(rows), update_conflicts=True, unique_fields=["installation"], update_fields=names, batch_size=200
    )


def _is_news(row: CachedLicense, decision: wire.LicenseDecision, now: datetime, *, pushed: bool) -> bool:
    if row.answered_at is None or decision.revision != row.revision:
        return row.answered_at is None or decision.revision > row.revision
    return not pushed and now >= row.answered_at


def _write(row: CachedLicense, decision: wire.LicenseDecision, installation: Installation, now: datetime) -> None:
    row.decision, row.revision = msgspec.to_builtins(decision), decision.revision
    row.answered_at, row.tried_at, row.problem, row.trial_wanted = now, None, "", False
    row.fresh_until = now + configuration.policy.license_cache
    if decision.changes_at is not None and now < decision.changes_at < row.fresh_until:
        row.fresh_until = decision.changes_at
    row.due_at = _unseen_until(installation, now)


def _unseen_until(installation: Installation, now: datetime) -> datetime:
    seed = f"{installation.site.base_url}\n{installation.app_key}\nlicense"
    return next_start(now, interval=UNSEEN_INTERVAL, seed=seed, jitter=UNSEEN_JITTER)


def _keep_unknown(installations: Sequence[Installation], now: datetime) -> None:
    """The marketplace knows of no license, unless it has said otherwise since it was asked."""
    known = {each.pk: each for each in installations}
    rows = _locked_rows(installations)
    news = [row for row in rows.values() if row.answered_at is None or row.answered_at <= now]
    for row in news:
        row.decision, row.revision, row.answered_at = None, -1, now
        row.fresh_until = now + configuration.policy.license_cache
        row.tried_at, row.problem, row.due_at = None, "", _unseen_until(known[row.pk], now)
    _save(news, _WRITTEN)
    told = [(known[row.pk], row) for row in news]
    _let_known(told, now)
    tell(told, now=now)


def _keep_silence(installations: Sequence[Installation], now: datetime) -> None:
    """The marketplace answered, but not about these: what it said last stands, and it is asked again in its time."""
    ids = [each.pk for each in installations]
    _locked_rows(installations)
    CachedLicense.objects.filter(pk__in=ids).update(
        fresh_until=now + configuration.policy.license_cache,
        tried_at=machine_now(),
        problem="The marketplace answered, but not about this app.",
    )


def _let_known(news: Sequence[tuple[Installation, CachedLicense]], now: datetime) -> None:
    """What this answer of ours says from now on."""
    moment = present_moment()
    for installation, row in news:
        installation.cached_license = row
        if moment is not None:
            moment.known[installation.pk] = license_in(row, now=now)
