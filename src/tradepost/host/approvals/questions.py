"""The question an installation puts to its administrators now, as pages show it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tradepost.core.consent import Ask, ConsentKind
from tradepost.core.manifest_rights import Permission
from tradepost.core.manifest_scopes import connect_scope
from tradepost.core.plan import Rollout
from tradepost.core.reasons import Reason
from tradepost.core.states import ApprovalState
from tradepost.host.installing import deployed
from tradepost.host.installing.models import Installation, KnownVersion, bytes_of
from tradepost.host.installing.versions import terms_of
from tradepost.host.installing.wording import Group, permission_groups, terms_side_by_side
from tradepost.host.upgrading.queries import look_at

from .models import Approval

MOST_EARLIER = 50


@dataclass(frozen=True, slots=True)
class Question:
    """What `newest` asks beyond `granted`, and the request that carries the answer.

    `granted` is what the site runs, unless the code of a deployed app went ahead of its permissions. `newest` is what
    it runs where only permissions are asked. `why` says what makes another major of a deployed version; `minor` is the
    version of the present major that comes meanwhile, unasked. `is_rolling` while the vendor rolls the code out ahead.
    """

    approval: Approval
    granted: KnownVersion
    running: KnownVersion
    newest: KnownVersion
    ask: Ask
    groups: Sequence[Group]
    why: Sequence[Reason] = ()
    minor: KnownVersion | None = None
    is_rolling: bool = False

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

    @property
    def is_for_rights(self) -> bool:
        """Whether the code runs here already, and only its permissions are asked for."""
        return self.newest.pk == self.running.pk

    @property
    def is_code_ahead(self) -> bool:
        return self.granted.pk != self.running.pk

    @property
    def is_crossing(self) -> bool:
        """Whether a watched app becomes a deployed one."""
        return self.newest.is_deployed and not self.granted.is_deployed

    @property
    def sentences(self) -> list[str]:
        """What is asked. Code that runs already moves nowhere any more."""
        told = [each for each in self.ask.reasons if not (self.is_for_rights and each.rule == "major.asked")]
        return [each.text for each in told or self.ask.reasons]

    @property
    def before(self) -> str:
        """What stands over what there is."""
        number = self.granted.number
        return f"Granted ({number})" if self.newest.is_deployed else f"Now ({number})"

    @property
    def after(self) -> str:
        """What stands over what is asked."""
        number = self.newest.number
        return f"Asked ({number})" if self.newest.is_deployed else f"With {number}"

    @property
    def major(self) -> int | None:
        """The major of the deployed app that runs here; None for a watched one."""
        return self.running.major if self.running.is_deployed else None


def find_question(installation: Installation) -> Question | None:
    """What is asked now, whether answered or not; None where the newest version asks for nothing."""
    sight = look_at([installation])[0]
    if sight.facts.rollout is Rollout.BULK:
        return None  # nothing new is taken, and so nobody is asked, also where that major was declined
    consent, running, newest = sight.consent, installation.running, installation.newest
    if consent is None or running is None or newest is None or consent.kind is ConsentKind.FREE:
        return None
    same = next((each for each in sight.approvals if each.fingerprint == consent.ask.fingerprint), None)
    approval = sight.standing if consent.kind is ConsentKind.COVERED else same
    if approval is None:
        return None
    granted = installation.rights_version or running
    asked = sight.wanted or newest
    are_deployed = granted.is_deployed and asked.is_deployed
    return Question(
        approval, granted, running, asked, consent.ask, _side_by_side(granted, asked),
        why=deployed.why_major(granted, asked) if are_deployed else (),
        minor=deployed.minor_on_its_way(installation),
        is_rolling=sight.facts.rollout is Rollout.ROLLING and asked.pk != running.pk,
    )  # fmt: skip


def _side_by_side(granted: KnownVersion, asked: KnownVersion) -> list[Group]:
    """Of deployed apps everything that their manifests ask; of watched ones what administrators agree to."""
    if granted.is_deployed and asked.is_deployed:
        return permission_groups(deployed.compare(granted, asked))
    groups = [Group("", terms_side_by_side(terms_of(granted), terms_of(asked)))]
    if asked.is_deployed:  # a descriptor says of all this nothing
        groups += permission_groups(_beside_terms(granted, asked), none="not said")
    return [group for group in groups if group.changes]


def _beside_terms(watched: KnownVersion, asked: KnownVersion) -> Iterator[Permission]:
    """What a manifest asks beside rights and price. Where a watched app is served is no news."""
    for each in deployed.permissions_of(asked):
        if each.kind == "payment" or (each.kind == "scope" and connect_scope(each.text) is not None):
            continue
        is_known = each.kind == "remote" and each.text.endswith(f": {watched.base_url}")
        yield replace(each, granted=is_known)


def find_decided(installation: Installation, *, besides: Question | None) -> list[tuple[Approval, Ask]]:
    """The answers that were given for an installation, the latest first, with what was asked; but not `besides`."""
    rows = Approval.objects.filter(installation=installation, decided_at__isnull=False)
    if besides is not None:
        rows = rows.exclude(pk=besides.approval.pk)
    found = rows.select_related("version").defer(*bytes_of("version")).order_by("-decided_at", "-id")
    return [(each, Ask.from_json(each.ask)) for each in found[:MOST_EARLIER]]
