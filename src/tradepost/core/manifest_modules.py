"""What else a manifest changes: modules, resources, code and all that no rule reads. All of it is minor."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tradepost.core.difference import match_lists, same_value
from tradepost.core.document import shown
from tradepost.core.manifest import Part, Path, PlacedReason
from tradepost.core.manifest_rules import Side

_MODULES = ("modules", "connectModules")
_TRIGGERS = "webtrigger"


def other_reasons(old: Side, new: Side, *, told: Collection[str]) -> Iterator[PlacedReason]:
    """One reason per module and per other field that changed, but for fields of which a rule has `told` already.

    The order of modules is none.
    """
    before, after = old.manifest.document, new.manifest.document
    for name in (*_MODULES, *sorted((before.keys() | after.keys()) - set(_MODULES))):
        if same_value(before.get(name), after.get(name)):
            continue
        if name in _MODULES and _both_mappings(before.get(name), after.get(name)):
            yield from _modules(old, new, name)
        elif name not in told:
            side = new if name in after else old
            text = f"The field {shown(name)} changed, and nothing in it that asks for consent."
            yield side.minor("manifest.field", (name,), text)


def _modules(old: Side, new: Side, field: str) -> Iterator[PlacedReason]:
    before, after = old.manifest.document.get(field) or {}, new.manifest.document.get(field) or {}
    for kind in sorted(before.keys() | after.keys()):
        was, now = before.get(kind), after.get(kind)
        if same_value(was, now):
            continue
        if isinstance(was or [], list) and isinstance(now or [], list):
            yield from _list(old, new, (field, kind), was or [], now or [])
        else:
            yield _module(new if kind in after else old, "changed", (field, kind), kind, None)


def _list(old: Side, new: Side, path: tuple[str, str], was: list[Any], now: list[Any]) -> Iterator[PlacedReason]:
    """Item by item. Web triggers that come and go have rules of their own."""
    found, kind = match_lists(was, now), path[1]
    told = path == ("modules", _TRIGGERS)
    for place in () if told else found.added:
        yield _module(new, "added", (*path, place), kind, now[place])
    for place, place_now in found.changed:
        if not (told and same_value(_without_answer(was[place]), _without_answer(now[place_now]))):
            yield _module(new, "changed", (*path, place_now), kind, now[place_now])
    for place in () if told else found.removed:
        yield _module(old, "removed", (*path, place), kind, was[place])


def _module(side: Side, verb: str, path: Path, kind: Part, module: object) -> PlacedReason:
    key = module.get("key") if isinstance(module, dict) else None
    name = f" {shown(key)}" if isinstance(key, str) else ""
    return side.minor(f"manifest_module.{verb}", path, f"The module{name} of {shown(str(kind))} was {verb}.")


def _without_answer(module: object) -> object:
    if not isinstance(module, dict):
        return module
    return {name: value for name, value in module.items() if name != "response"}


def _both_mappings(before: object, after: object) -> bool:
    return all(isinstance(side if side is not None else {}, Mapping) for side in (before, after))
