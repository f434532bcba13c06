"""What a deployed version means for a site that runs something else: found once per pair of texts, for many sites.

The texts are large and versions never change, so verdicts are kept by the hashes of both and the bytes are read only
for pairs that are new to the process. Source: domain.md 4.5, 4.7 and 4.8.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from tradepost.core.consent import Ask
from tradepost.core.document import parse_document
from tradepost.core.errors import ProblemsError
from tradepost.core.manifest import Manifest
from tradepost.core.manifest_equivalence import judge_equivalence, what_crossing_asks
from tradepost.core.manifest_rights import find_crossing_rollout, find_rollout
from tradepost.core.plan import Rollout
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.installing.versions import read_known_manifest, terms_of

MOST_KEPT = 5000
"""verdicts in the memory of one process; some hundred bytes each"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What moving from one version to a deployed one is. `rollout` counts only where the vendor started one.

    `crossing` and `for_vendor` are of a watched version: what is asked, and whether only a rollout brings it.
    """

    rollout: Rollout | None = None
    crossing: Ask | None = None
    for_vendor: bool = False


NO_VERDICT = Verdict()
_Pair = tuple[KnownVersion, KnownVersion]
_Hashes = tuple[str, str, str]


def judge(installations: Iterable[Installation], *, rolled_out: Collection[UUID] = ()) -> dict[UUID, Verdict]:
    """The verdicts on installations that need one, by their ids, with at most one statement.

    Needed is one where a watched app becomes a deployed one, and where the vendor's rollout reaches a site: as stored,
    or by the ids in `rolled_out`. The versions are at hand.
    """
    pairs = {}
    for each in installations:
        pair = _pair_of(each, is_rolled_out=bool(each.rollout) or each.pk in rolled_out)
        if pair is not None:
            pairs[each.pk] = pair
    verdicts = _verdicts(pairs.values()) if pairs else {}
    return {pk: verdicts[_hashes(pair)] for pk, pair in pairs.items()}


def _pair_of(each: Installation, *, is_rolled_out: bool) -> _Pair | None:
    newest, granted = each.newest, each.rights_version
    if granted is None or newest is None or not newest.is_deployed or newest.pk == granted.pk:
        return None
    return (granted, newest) if is_rolled_out or not granted.is_deployed else None


def _hashes(pair: _Pair) -> _Hashes:
    granted, newest = pair
    return granted.sha256, granted.manifest_sha256, newest.manifest_sha256


_kept: dict[_Hashes, Verdict] = {}
_kept_lock = Lock()


def _verdicts(pairs: Iterable[_Pair]) -> Mapping[_Hashes, Verdict]:
    wanted = {_hashes(pair): pair for pair in pairs}
    with _kept_lock:
        found = {hashes: _kept[hashes] for hashes in wanted if hashes in _kept}
    missing = {hashes: pair for hashes, pair in wanted.items() if hashes not in found}
    if not missing:
        return found
    texts = _Texts(missing.values())
    made = {hashes: _found(granted, newest, texts) for hashes, (granted, newest) in missing.items()}
    with _kept_lock:
        if len(_kept) + len(made) > MOST_KEPT:
            _kept.clear()
        _kept.update(made)
    return found | made


def _found(granted: KnownVersion, newest: KnownVersion, texts: "_Texts") -> Verdict:
    offered = texts.manifest(newest)
    if granted.is_deployed:
        return Verdict(rollout=find_rollout(texts.manifest(granted), offered))
    try:
        document = parse_document(texts.descriptors[granted.pk])
        return Verdict(
            rollout=find_crossing_rollout(document, offered),
            crossing=what_crossing_asks(document, offered),
            for_vendor=judge_equivalence(document, offered).bulk_upgrade,
        )
    except ProblemsError:
        # It was fit when it was taken and is not by the rules of today. Then a person decides, knowing the major.
        before, after = terms_of(granted), terms_of(newest)
        ask = Ask(after.rights - before.rights, after.paid and not before.paid, None, after.major)
        return Verdict(crossing=ask)


class _Texts:
    """The bytes of some versions, read by one statement, and their manifests, each parsed once."""

    def __init__(self, pairs: Iterable[_Pair]) -> None:
        ids = {version.pk for pair in pairs for version in pair}
        rows = KnownVersion.objects.filter(pk__in=ids).values_list("pk", "descriptor", "manifest")
        self.descriptors: dict[UUID, bytes] = {}
        self._raw: dict[UUID, bytes] = {}
        self._read: dict[str, Manifest] = {}
        for pk, descriptor, manifest in rows:
            self.descriptors[pk], self._raw[pk] = bytes(descriptor), bytes(manifest or b"")

    def manifest(self, version: KnownVersion) -> Manifest:
        known = self._read.get(version.manifest_sha256)
        if known is None:
            known = self._read[version.manifest_sha256] = read_known_manifest(self._raw[version.pk])
        return known
