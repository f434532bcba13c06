"""What another edition would show and hide on a site: features as the vendor describes them, modules as installed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from tradepost.core.document import parse_document
from tradepost.core.edition import Edition
from tradepost.core.edition_matrix import ModuleRow, Situation, Viewer, draw_matrix
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.wire.licenses import FeatureTold, SwitchPreview

VIEWERS = {
    Viewer.ANONYMOUS: "visitors who are not signed in",
    Viewer.USER: "users",
    Viewer.ADMINISTRATOR: "administrators",
}
MOST_KEPT = 200
"""versions whose matrix stays in the memory of one process"""


@dataclass(frozen=True, slots=True)
class Part:
    """A feature or module that comes or goes. `for_whom` is empty where the app's descriptor does not say."""

    name: str
    text: str
    modules: tuple[str, ...]
    for_whom: str


@dataclass(frozen=True, slots=True)
class Gains:
    """What comes and what goes. Modules are those that stand below no feature and that conditions show or hide."""

    features_gained: list[Part]
    features_lost: list[Part]
    modules_gained: list[Part]
    modules_lost: list[Part]

    @property
    def is_nothing(self) -> bool:
        return not (self.features_gained or self.features_lost or self.modules_gained or self.modules_lost)


def gains_of(installation: Installation, preview: SwitchPreview) -> Gains:
    """What a switch would mean on this site, by the very descriptor that is installed there."""
    rows = _rows(installation.running_id) if installation.running_id else ()
    before, after = _edition(preview.before), _edition(preview.after)
    return Gains(
        features_gained=[_feature(each, rows, after) for each in preview.gained],
        features_lost=[_feature(each, rows, before) for each in preview.lost],
        modules_gained=_shown(rows, preview.gained, where=after, not_where=before),
        modules_lost=_shown(rows, preview.lost, where=before, not_where=after),
    )


def _feature(told: FeatureTold, rows: Sequence[ModuleRow], edition: Edition | None) -> Part:
    """A feature with those of its modules that this site has, and who sees any of them where it is to be had."""
    mine = [row for row in rows if row.key in told.modules]
    situations = {each: Situation(edition, licensed=True, viewer=each) for each in Viewer}
    viewers = [each for each in Viewer if any(row.may_show_in(situations[each]) for row in mine)]
    names = tuple(dict.fromkeys(row.name or row.key for row in mine))
    return Part(told.name, told.text, names, _for_whom(viewers))


def _shown(
    rows: Sequence[ModuleRow], told: Sequence[FeatureTold], *, where: Edition | None, not_where: Edition | None
) -> list[Part]:
    """Modules that show to somebody on one edition, and on the other do not; besides those of features."""
    of_features = {key for feature in told for key in feature.modules}
    found = []
    for row in rows:
        if row.key in of_features:
            continue
        viewers = [each for each in Viewer if _shows(row, where, not_where, each)]
        if viewers:
            found.append(Part(row.name or row.label, row.kind, (), _for_whom(viewers)))
    return found


def _shows(row: ModuleRow, where: Edition | None, not_where: Edition | None, viewer: Viewer) -> bool:
    here, there = (row.row[Situation(edition, licensed=True, viewer=viewer)] for edition in (where, not_where))
    return here.beyond(there)


def _for_whom(viewers: Sequence[Viewer]) -> str:
    if len(viewers) == len(Viewer):
        return "everybody"
    return ", ".join(VIEWERS[each] for each in viewers)


def _edition(word: str | None) -> Edition | None:
    return Edition(word) if word in set(Edition) else None


@lru_cache(maxsize=MOST_KEPT)
def _rows(version_id: UUID) -> tuple[ModuleRow, ...]:
    raw = bytes(KnownVersion.objects.values_list("descriptor", flat=True).get(pk=version_id))
    return draw_matrix(parse_document(raw)).rows
