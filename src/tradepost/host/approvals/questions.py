"""The question an installation puts to its administrators now, as pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tradepost.core.consent import Ask, ConsentKind
from tradepost.core.states import ApprovalState
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.versions import terms_of
from tradepost.host.installing.wording import Change, terms_side_by_side
from tradepost.host.upgrading.queries import look_at

from .models import Approval

MOST_EARLIER = 50


@dataclass(frozen=True, slots=True)
class Question:
    """What `newest` asks beyond `running`, and the request that carries the answer."""

    approval: Approval
    running: KnownVersion
    newest: KnownVersion
    ask: Ask
    changes: Sequence[Change]

    @property
    def is_waiting(self) -> bool:
        return self.approval.state == ApprovalState.WAITING

    @property
    def is_approved(self) -> bool:
        return self.approval.state == ApprovalState.APPROVED

    @property
    def is_declined(self) -> bool:
        return self.approval.state == ApprovalState.DECLINED

    @property
    def can_be_answered(self) -> bool:
        """An approval that covers more than is asked now cannot be taken back through this question."""
        return self.approval.fingerprint == self.ask.fingerprint


def find_question(installation: Installation) -> Question | None:
    """What is asked now, whether answered or not; None where the newest version asks for nothing."""
    sight = look_at([installation])[0]
    consent, running, newest = sight.consent, installation.running, installation.newest
    if consent is None or running is None or newest is None or consent.kind is ConsentKind.FREE:
        return None
    same = next((each for each in sight.approvals if each.fingerprint == consent.ask.fingerprint), None)
    approval = sight.standing if consent.kind is ConsentKind.COVERED else same
    if approval is None:
        return None
    changes = terms_side_by_side(terms_of(running), terms_of(newest))
    return Question(approval, running, newest, consent.ask, changes)


def find_decided(installation: Installation, *, besides: Question | None) -> list[tuple[Approval, Ask]]:
    """The answers that were given for an installation, the latest first, with what was asked; but not `besides`."""
    rows = Approval.objects.filter(installation=installation, decided_at__isnull=False)
    if besides is not None:
        rows = rows.exclude(pk=besides.approval.pk)
    found = rows.select_related("version").defer("version__descriptor").order_by("-decided_at", "-id")[:MOST_EARLIER]
    return [(each, Ask.from_json(each.ask)) for each in found]
