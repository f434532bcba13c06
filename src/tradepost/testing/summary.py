"""What a simulated world came to, for people."""

from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import Count

from tradepost.foundation.models import AuditEntry, OutgoingMail
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.models import Installation
from tradepost.host.upgrading.models import Upgrade
from tradepost.marketplace.releases.models import AppVersion

if TYPE_CHECKING:
    from .world import World

Rows = list[tuple[str, ...]]


def summary_rows(world: "World") -> dict[str, Rows]:
    """Tables of what happened and of where the time went."""
    longest, where = world.judged.longest
    happened: Rows = [
        ("steps", str(world.steps)),
        ("versions made", _by("change", AppVersion.objects.all())),
        ("versions now", _by("state", AppVersion.objects.all())),
        ("upgrades", _by("state", Upgrade.objects.all())),
        ("upgrades applied", _by("trigger", Upgrade.objects.filter(state="applied"))),
        ("asked of administrators", _by("state", Approval.objects.all())),
        ("decided by administrators", _decisions(world)),
        ("waits that began", _by("detail__because", AuditEntry.objects.filter(action="upgrade.waits"))),
        ("installations now", _by("because", Installation.objects.all(), empty="on the newest version")),
        ("mails", _by("service", OutgoingMail.objects.all())),
        ("calls out", ", ".join(f"{name} {count}" for name, count in sorted(world.streets.counts.items()))),
        ("accidents", str(len(world.ledger.mishaps))),
        ("longest way of a free version", f"{longest.total_seconds() / 3600:.2f} h ({where})"),
    ]
    spent: Rows = [
        (name, f"{seconds:.1f} s", str(world.works.get(name, ""))) for name, seconds in world.seconds.most_common()
    ]
    return {"what happened": happened, "where the time went": spent}


def _by(name: str, rows: object, *, empty: str = "") -> str:
    counted = rows.order_by().values_list(name).annotate(count=Count("*")).order_by(name)  # type: ignore[attr-defined]
    return ", ".join(f"{value or empty} {count}" for value, count in counted)


def _decisions(world: "World") -> str:
    kinds = Counter(each.kind for decisions in world.ledger.decisions.values() for each in decisions)
    return ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
