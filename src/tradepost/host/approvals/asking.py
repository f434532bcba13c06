"""Keeping the requests to administrators in step with what is asked; every row is under its installation's lock."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.core.consent import Ask, ConsentPolicy, Terms, covers
from tradepost.core.states import APPROVAL, ApprovalEvent, ApprovalState, advance
from tradepost.foundation import audit
from tradepost.foundation.clock import new_id
from tradepost.foundation.configuration import configuration
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.versions import terms_of

from .mails import mail_administrators
from .models import Approval
from .terms import from_json, to_json

OPEN = (ApprovalState.WAITING, ApprovalState.APPROVED, ApprovalState.DECLINED)
ACTOR = "upgrading"


@dataclass(frozen=True, slots=True)
class Request:
    """One installation has to be asked for what `version` asks."""

    installation: Installation
    version: KnownVersion
    ask: Ask


def consent_policy() -> ConsentPolicy:
    """The operator's setting, as the rules take it."""
    return ConsentPolicy(api_version_needs_consent=configuration.policy.api_version_needs_consent)


def find_open(installation_ids: Collection[object]) -> list[Approval]:
    """What was asked of these installations and still counts: waiting, approved but unused, declined."""
    return list(
        Approval.objects.filter(installation_id__in=installation_ids, state__in=OPEN).order_by("asked_at", "id")
    )


def standing_approval(approvals: Sequence[Approval], *, running: Terms, offered: Terms) -> Approval | None:
    """The unused approval that counts for `offered`: one that covers it, else the newest."""
    approved = [each for each in approvals if each.state == ApprovalState.APPROVED]
    policy = consent_policy()
    covering = [each for each in approved if covers(from_json(each.covers), running, offered, policy)]
    return next(reversed(covering or approved), None)


def declined_asks(approvals: Sequence[Approval]) -> frozenset[str]:
    """Fingerprints of what was declined."""
    return frozenset(each.fingerprint for each in approvals if each.state == ApprovalState.DECLINED)


def ask_many(requests: Sequence[Request], *, now: datetime) -> None:
    """Ask the administrators of installations that have no open request for the same, by few statements."""
    approvals = [_new(request, now) for request in requests]
    Approval.objects.bulk_create(approvals, batch_size=500)
    audit.record_many([_entry("approval.asked", each, now, actor=ACTOR) for each in approvals])
    mail_administrators(approvals, now=now)


def ask(
    installation: Installation, version: KnownVersion, asked: Ask, approvals: Sequence[Approval], *, now: datetime
) -> None:
    """Make the open request be for `asked` and `version`; who was asked the same already gets no second first mail."""
    supersede(approvals, keep=asked.fingerprint, states={ApprovalState.WAITING}, now=now)
    same = _same(approvals, asked.fingerprint)
    if same is None:
        ask_many([Request(installation, version, asked)], now=now)
    else:
        follow(same, version)


def stay_declined(version: KnownVersion, asked: Ask, approvals: Sequence[Approval], *, now: datetime) -> None:
    """The same was declined: nobody is asked, and a change of mind would be about the newest version."""
    supersede(approvals, keep=asked.fingerprint, states={ApprovalState.WAITING}, now=now)
    same = _same(approvals, asked.fingerprint)
    if same is not None:
        follow(same, version)


def supersede(
    approvals: Sequence[Approval], *, states: Collection[ApprovalState], now: datetime, keep: str = ""
) -> None:
    """End requests in these states, but not the one for `keep`, because they are not what is asked any more."""
    for each in approvals:
        if each.state in states and each.fingerprint != keep:
            _advance(each, ApprovalEvent.SUPERSEDED, now)


def use(approvals: Sequence[Approval], *, now: datetime) -> None:
    """An upgrade succeeded: approvals have served. What is declined stays so, for later versions that ask the same."""
    for each in approvals:
        if each.state == ApprovalState.APPROVED:
            _advance(each, ApprovalEvent.USED, now)


def follow(approval: Approval, version: KnownVersion) -> None:
    """A newer version asks the same."""
    if approval.version_id != version.pk:
        approval.version = version
        approval.covers = to_json(terms_of(version))
        approval.save(update_fields=["version", "covers"])


def follow_many(approvals: Sequence[Approval], version: KnownVersion) -> None:
    """A newer version asks many installations the same, which all have open."""
    behind = [each.pk for each in approvals if each.version_id != version.pk]
    if behind:
        Approval.objects.filter(pk__in=behind).update(version=version, covers=to_json(terms_of(version)))


def _same(approvals: Sequence[Approval], fingerprint: str) -> Approval | None:
    return next((each for each in approvals if each.fingerprint == fingerprint and each.state in OPEN), None)


def _new(request: Request, now: datetime) -> Approval:
    return Approval(
        id=new_id(),
        installation=request.installation,
        site=request.installation.site,
        version=request.version,
        state=APPROVAL.start,
        fingerprint=request.ask.fingerprint,
        ask=request.ask.to_json(),
        covers=to_json(terms_of(request.version)),
        asked_at=now,
        remind_at=now + configuration.policy.reminder_interval,
    )


def _advance(approval: Approval, event: ApprovalEvent, now: datetime) -> None:
    approval.state = advance(APPROVAL, ApprovalState(approval.state), event)
    approval.remind_at = None
    approval.save(update_fields=["state", "remind_at"])
    audit.record_many([_entry(f"approval.{event}", approval, now, actor=ACTOR)])


def _entry(action: str, approval: Approval, now: datetime, *, actor: str) -> audit.AuditEntry:
    return audit.entry(
        action, service="host", actor=actor, subject=("approval", approval.pk), now=now, scope_id=approval.site_id,
        fingerprint=approval.fingerprint, version=str(approval.version_id),
    )  # fmt: skip
