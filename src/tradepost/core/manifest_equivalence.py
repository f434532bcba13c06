"""Whether a site's administrator is asked when a watched app becomes a deployed one, by the rules for that alone.

What the site runs is a descriptor, what is offered is a manifest under the same key. The number says nothing here: the
first listed major is the highest listed major plus one in any case. Asked is where a right rises, where the app starts
to cost, and where its pages and calls would come from or go to somewhere else. What a rule does stands in
`manifest_equivalence_explained`. Source: domain.md 4.8.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tradepost.core.consent import Ask
from tradepost.core.difference import match_lists, pointer, same_value
from tradepost.core.document import shown
from tradepost.core.facts import facts_of
from tradepost.core.manifest import Manifest, Path, PlacedReason
from tradepost.core.manifest_connect_draft import Draft, connect_remote, nearest, part_of
from tradepost.core.manifest_equivalence_explained import EQUIVALENCE_RULES, Way
from tradepost.core.manifest_facts import DEFAULT_REGION, ManifestFacts, facts_of_manifest
from tradepost.core.manifest_reading import Reader
from tradepost.core.manifest_scopes import connect_scope, covering_scope
from tradepost.core.scopes import NONE, expand, plain_words
from tradepost.core.version import Change

_ANALYTICS = "analytics"
_PAYMENT = "equivalence.payment_enabled"
_USER_ACCESS = "user-access"
_CONNECT: Path = ("app", "connect")


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The verdict for one site, or for all that run the same descriptor. `reasons` start with the gravest."""

    reasons: tuple[PlacedReason, ...]

    @property
    def consent(self) -> bool:
        """Whether an administrator has to agree."""
        return any(reason.consent for reason in self.reasons)

    @property
    def way(self) -> Way:
        """How it comes to sites: the gravest way among the reasons."""
        return max((EQUIVALENCE_RULES[reason.rule].way for reason in self.reasons), key=lambda way: way.gravity)

    @property
    def bulk_upgrade(self) -> bool:
        """Whether nobody is asked and sites still wait until the vendor starts a bulk upgrade."""
        return self.way is Way.BULK


@dataclass(frozen=True, slots=True)
class _Pair:
    document: Mapping[str, Any]
    manifest: Manifest
    facts: ManifestFacts
    rights: frozenset[str]
    paid: bool


def judge_equivalence(document: Mapping[str, Any], manifest: Manifest) -> Equivalence:
    """What it takes to move from a descriptor that a site runs to a manifest under the same key.

    Raises ProblemsError where the descriptor has a wrong type in what consent reads. Whether the keys are the same is
    asked elsewhere (`is_app_of`).
    """
    old = facts_of(document)
    pair = _Pair(document, manifest, facts_of_manifest(manifest), old.rights, old.enable_licensing)
    reasons = [reason for rule in _RULES for reason in rule(pair)]
    if not reasons:
        text = "The manifest says what the descriptor says."
        reasons = [_say(pair, "equivalence.same", (), text)]
    return Equivalence(tuple(sorted(reasons, key=lambda reason: -EQUIVALENCE_RULES[reason.rule].way.gravity)))


def what_crossing_asks(document: Mapping[str, Any], manifest: Manifest) -> Ask:
    """What an administrator is asked when a site moves from that descriptor to that manifest; false where nothing is.

    Raises what `judge_equivalence` raises.
    """
    asked = [reason for reason in judge_equivalence(document, manifest).reasons if reason.consent]
    other = {(reason.rule, reason.text): None for reason in asked if reason.rule != _PAYMENT}
    return Ask(
        frozenset(),
        becomes_paid=any(reason.rule == _PAYMENT for reason in asked),
        api_version=None,
        other=tuple(sorted(other)),
    )


def _say(pair: _Pair, rule: str, path: Path, text: str) -> PlacedReason:
    """A reason that stands in the manifest, at the nearest part that is there."""
    path = nearest(pair.manifest, path)
    place = pair.manifest.place_of(path)
    numbers = (None, None) if place is None else (place.line, place.column)
    asks = EQUIVALENCE_RULES[rule].way is Way.CONSENT
    return PlacedReason(rule, shown(pointer(*path)), Change.NONE, asks, text, *numbers)


def _say_gone(rule: str, where: str, text: str) -> PlacedReason:
    """A reason that stands in the descriptor, since the manifest has nothing of it."""
    return PlacedReason(rule, shown(where), Change.NONE, EQUIVALENCE_RULES[rule].way is Way.CONSENT, text)


def _scopes(pair: _Pair) -> Iterator[PlacedReason]:
    """Scopes by what they amount to in rights that the site has granted."""
    kept: set[str] = set()
    for name, path in pair.facts.scopes.items():
        covering = covering_scope(name)
        rights = expand([covering or NONE])
        kept |= rights
        if covering is None:
            text = f"No scope of the descriptor covers {shown(name)}; it comes with deployment only."
            yield _say(pair, "equivalence.scope_extra", path, text)
        elif not rights <= pair.rights:
            text = f"The app newly asks to {plain_words(covering)}: {_said(name, covering)}."
            yield _say(pair, "equivalence.scope_raised", path, text)
        elif connect_scope(name) is None:
            text = f"{shown(name)} is covered by what the site has granted ({covering})."
            yield _say(pair, "equivalence.scope_covered", path, text)
    for right in sorted(pair.rights - kept):
        text = f"The app no longer asks to {plain_words(right)} ({shown(right)})."
        yield _say_gone("equivalence.right_dropped", "/scopes", text)


def _said(name: str, covering: str) -> str:
    return shown(name) if connect_scope(name) else f"{shown(name)} needs {covering}"


def _remotes(pair: _Pair) -> Iterator[PlacedReason]:
    """Where the app's Connect part is served. Other remotes pass, whatever they are."""
    name = connect_remote(pair.manifest)
    remote = None if name is None else pair.facts.remotes.get(name)
    addresses = {} if remote is None else remote.addresses
    if not addresses:
        text = "The app has no Connect remote any more, so nothing of it is served from the descriptor's address."
        yield _say(pair, "equivalence.remote_removed", (*_CONNECT, "remote"), text)
    served = pair.document.get("baseUrl")
    for (region, address), path in addresses.items():
        if address != served:
            at = "" if region == DEFAULT_REGION else f" for {shown(region)}"
            text = f"The Connect remote leads to {shown(address)}{at}, the descriptor to {shown(str(served))}."
            yield _say(pair, "equivalence.backend_changed", path, text)
    for key, other in pair.facts.remotes.items():
        if key is None or key != name:
            text = f"The remote {shown(key or '(without a key)')} is new."
            yield _say(pair, "equivalence.remote_added", other.path, text)


def _payment(pair: _Pair) -> Iterator[PlacedReason]:
    licensing = ("app", "licensing")
    if pair.facts.licensing and not pair.paid:
        text = "The app is free now and will have to be paid for."
        yield _say(pair, _PAYMENT, (*licensing, "enabled"), text)
    if pair.paid and not pair.facts.licensing:
        text = "The app is paid now and will be free; what was paid for should stay licensed."
        yield _say(pair, "equivalence.payment_disabled", (*licensing, "enabled"), text)
    for path in _user_access(pair.manifest):
        text = "The app is newly licensed per user (user access)."
        yield _say(pair, "equivalence.user_access", path, text)


def _user_access(manifest: Manifest) -> Iterator[Path]:
    reader, path = Reader(manifest), ("app", "licensing", "modes")
    for where, mode in reader.items(reader.part(*path), path):
        if mode == _USER_ACCESS:
            yield where
    path = ("app", "access", "userAccess")
    if reader.flag(reader.part(*path), path):
        yield path


def _providers(pair: _Pair) -> Iterator[PlacedReason]:
    for (key, _), path in pair.facts.providers.items():
        text = f"The sign-in provider {shown(key or '(without a key)')} is new: users may be asked for another account."
        yield _say(pair, "equivalence.provider_added", path, text)


def _egress(pair: _Pair) -> Iterator[PlacedReason]:
    """Only data that leaves for analytics is asked for; other addresses and content options pass."""
    ordinary = 0
    for entry, path in pair.facts.egress.items():
        if entry.category == _ANALYTICS:
            text = f"{entry.kind} reaches {shown(entry.address)} for analytics."
            yield _say(pair, "equivalence.analytics", path, text)
        else:
            ordinary += 1
    external = ("permissions", "external")
    if ordinary:
        text = f"The manifest names {ordinary} {'address' if ordinary == 1 else 'addresses'} to reach."
        yield _say(pair, "equivalence.egress", external, text)
    if pair.facts.customer_managed:
        text = "Customers can let the app reach addresses that they add themselves."
        yield _say(pair, "equivalence.egress", (*external, "configurable", "enabled"), text)
    if pair.facts.content:
        text = f"The manifest has {len(pair.facts.content)} options of the content security policy."
        yield _say(pair, "equivalence.content", ("permissions", "content"), text)


def _modules(pair: _Pair) -> Iterator[PlacedReason]:
    """Modules of both kinds come, change and go without a question."""
    reader = Reader(pair.manifest)
    for kind, value in reader.mapping(reader.part("modules"), ("modules",)).items():
        if value:
            yield _say(pair, "equivalence.module_added", ("modules", kind), f"Modules of {shown(kind)} are new.")
    draft = Draft(pair.manifest)
    written = draft.write(key="", region=DEFAULT_REGION)
    before, after = _mapping(pair.document.get("modules")), written["modules"]
    for kind in sorted(before.keys() | after.keys()):
        yield from _kind(pair, draft, kind, _listed(before.get(kind)), _listed(after.get(kind)))
    events, known = written.get("lifecycle") or {}, _mapping(pair.document.get("lifecycle"))
    for event in sorted(events):
        if not same_value(events[event], known.get(event)):
            text = f"The lifecycle call {shown(event)} is new, or goes to another address."
            yield _say(pair, "equivalence.connect_changed", draft.origins["lifecycle", event], text)


def _kind(pair: _Pair, draft: Draft, kind: str, was: list[Any], now: list[Any]) -> Iterator[PlacedReason]:
    found, origin = match_lists(was, now), draft.origins.get(("modules", kind), ())
    inside = isinstance(part_of(pair.manifest, origin), list)
    for place in found.added:
        text = f"The Connect module{_key(now[place])} of {shown(kind)} is new."
        yield _say(pair, "equivalence.connect_added", (*origin, place) if inside else origin, text)
    for _, place in found.changed:
        text = f"The Connect module{_key(now[place])} of {shown(kind)} was changed."
        yield _say(pair, "equivalence.connect_changed", (*origin, place) if inside else origin, text)
    for place in found.removed:
        text = f"The Connect module{_key(was[place])} of {shown(kind)} is gone."
        yield _say_gone("equivalence.connect_removed", pointer("modules", kind, place), text)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _key(module: object) -> str:
    key = module.get("key") if isinstance(module, dict) else None
    return f" {shown(key)}" if isinstance(key, str) else ""


_RULES = (_scopes, _remotes, _payment, _providers, _egress, _modules)
