"""An administrator who asks for an app by its address approves what it asks with that: it is their own act."""

from datetime import datetime

from tradepost.core.consent import Ask, what_is_asked
from tradepost.core.states import APPROVAL, ApprovalEvent, ApprovalState, advance
from tradepost.foundation import audit
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import new_id
from tradepost.host.approvals import asking
from tradepost.host.approvals.models import Approval
from tradepost.host.approvals.terms import to_json
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.versions import terms_of
from tradepost.host.upgrading.queries import Sight


def approve_outright(sight: Sight, version: KnownVersion, *, by: Caller, now: datetime) -> None:
    """Make an approval of what `version` asks of a locked installation; without a mail, for nobody has to be asked."""
    installation = sight.installation
    assert installation.running is not None
    asked = what_is_asked(terms_of(installation.running), terms_of(version), asking.consent_policy())
    others = {ApprovalState.WAITING, ApprovalState.APPROVED}
    asking.supersede(sight.approvals, states=others, keep=asked.fingerprint if asked else "", now=now)
    if not asked:
        return
    approval = next((each for each in sight.approvals if each.fingerprint == asked.fingerprint), None)
    if approval is None:
        approval = _new(installation, version, asked, now)
    if approval.state != ApprovalState.APPROVED:
        approval.state = advance(APPROVAL, ApprovalState(approval.state), ApprovalEvent.APPROVED)
    approval.version, approval.covers = version, to_json(terms_of(version))
    approval.decided_at, approval.decided_by, approval.remind_at = now, by.actor, None
    approval.save()
    audit.record(
        f"approval.{ApprovalEvent.APPROVED}", service="host", actor=by.actor, subject=("approval", approval.pk),
        now=now, scope_id=approval.site_id, app=installation.app_key, fingerprint=asked.fingerprint, ask=approval.ask,
    )  # fmt: skip


def _new(installation: Installation, version: KnownVersion, asked: Ask, now: datetime) -> Approval:
    return Approval(
        id=new_id(),
        installation=installation,
        site=installation.site,
        version=version,
        state=APPROVAL.start,
        fingerprint=asked.fingerprint,
        ask=asked.to_json(),
        asked_at=now,
    )
