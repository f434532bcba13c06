"""What is different between two descriptors, one reason per change. Source: domain.md 1.1 and 1.4."""

from collections.abc import Iterator, Mapping
from typing import Any

from tradepost.core.consent import DEFAULT_POLICY, ConsentPolicy
from tradepost.core.difference import match_lists, pointer, same_value
from tradepost.core.document import shown
from tradepost.core.facts import Facts, facts_of
from tradepost.core.reasons import Reason
from tradepost.core.scopes import expand, plain_words
from tradepost.core.version import Change

_COMPARED_AS_FACTS = frozenset({"apiVersion", "scopes", "enableLicensing"})
_NEVER_COMPARED = frozenset({"version"})
"""The vendor's own `version` is ignored: the marketplace gives the numbers."""
_FIRST_FIELDS = ("key", "baseUrl", "authentication", "lifecycle", "modules", "apiMigrations")
_MOST_FIELDS_NAMED = 5


def compare_documents(
    before: Mapping[str, Any], after: Mapping[str, Any], *, policy: ConsentPolicy = DEFAULT_POLICY
) -> tuple[Reason, ...]:
    """Every change between two documents, the gravest first; empty exactly when they compare as the same.

    Raises ProblemsError where a document has a wrong type in a field the rules read.
    """
    old, new = facts_of(before), facts_of(after)
    reasons = [
        *_api_version_reasons(old, new, policy),
        *_scope_reasons(old, new),
        *_licensing_reasons(old, new),
        *_field_reasons(before, after),
    ]
    return tuple(sorted(reasons, key=lambda reason: -reason.change.severity))


def _api_version_reasons(old: Facts, new: Facts, policy: ConsentPolicy) -> Iterator[Reason]:
    change = f"from {old.api_version} to {new.api_version}"
    if new.api_version > old.api_version:
        text = f"apiVersion rises {change}: a new major version."
        consent = policy.api_version_needs_consent
        yield Reason("api_version.raised", "/apiVersion", Change.MAJOR, consent, text)
    elif new.api_version < old.api_version:
        yield Reason("api_version.lowered", "/apiVersion", Change.MAJOR, False, f"apiVersion falls {change}.")


def _scope_reasons(old: Facts, new: Facts) -> Iterator[Reason]:
    for name in sorted(new.scopes - old.scopes):
        gained = expand([name]) - old.rights
        if gained:
            also = ", ".join(sorted(gained - {name}))
            more = f" This includes {shown(also)}." if also else ""
            text = f"The app newly asks to {shown(plain_words(name))} ({shown(name)}).{more}"
        else:
            text = f"The app newly names the scope {shown(name)}, which gives it no right it did not have."
        yield Reason("scope.added", "/scopes", Change.MINOR, bool(gained), text)
    for name in sorted(old.scopes - new.scopes):
        lost = expand([name]) - new.rights
        if lost:
            text = f"The app no longer asks to {shown(plain_words(name))} ({shown(name)})."
        else:
            text = f"The app no longer names the scope {shown(name)}, but keeps the right through another one."
        yield Reason("scope.removed", "/scopes", Change.MINOR, False, text)


def _licensing_reasons(old: Facts, new: Facts) -> Iterator[Reason]:
    if new.enable_licensing and not old.enable_licensing:
        text = "The app changes from free to paid."
        yield Reason("licensing.enabled", "/enableLicensing", Change.MINOR, True, text)
    if old.enable_licensing and not new.enable_licensing:
        text = "The app changes from paid to free."
        yield Reason("licensing.disabled", "/enableLicensing", Change.PATCH, False, text)


def _field_reasons(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Reason]:
    for name in _in_reading_order(before, after):
        if name in before and name in after and same_value(before[name], after[name]):
            continue
        if name == "modules":
            yield from _module_reasons(before, after)
        elif name == "baseUrl":
            yield _patch("base_url.changed", pointer(name), _base_url_text(before, after))
        elif name == "lifecycle":
            yield from _member_reasons("lifecycle.changed", name, before, after)
        elif name == "apiMigrations":
            yield from _member_reasons("migrations.changed", name, before, after)
        else:
            verb = _verb(name, before, after)
            yield _patch(f"field.{verb}", pointer(name), f"The field {shown(name)} was {verb}.")


def _in_reading_order(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = (before.keys() | after.keys()) - _COMPARED_AS_FACTS - _NEVER_COMPARED
    rest = sorted(names - set(_FIRST_FIELDS))
    return [name for name in _FIRST_FIELDS if name in names] + rest


def _base_url_text(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    old, new = before.get("baseUrl"), after.get("baseUrl")
    if isinstance(old, str) and isinstance(new, str):
        return f"The base URL changes from {shown(old)} to {shown(new)}."
    return f"The base URL was {_verb('baseUrl', before, after)}."


def _member_reasons(rule: str, field: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Reason]:
    """One reason per member of an object; one for the whole where it is no object, or comes or goes empty."""
    old, new = before.get(field, {}), after.get(field, {})
    if isinstance(old, dict) and isinstance(new, dict) and (old or new):
        for name in sorted(old.keys() | new.keys()):
            if not (name in old and name in new and same_value(old[name], new[name])):
                text = f"{field}: {shown(name)} was {_verb(name, old, new)}."
                yield _patch(rule, pointer(field, name), text)
    else:
        yield _patch(rule, pointer(field), f"The field {field} was {_verb(field, before, after)}.")


def _module_reasons(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Reason]:
    old, new = before.get("modules", {}), after.get("modules", {})
    if not isinstance(old, dict) or not isinstance(new, dict) or not (old or new):
        verb = _verb("modules", before, after)
        yield _patch(f"field.{verb}", "/modules", f"The field modules was {verb}.")
        return
    for kind in sorted(old.keys() | new.keys()):
        if not (kind in old and kind in new and same_value(old[kind], new[kind])):
            yield from _reasons_of_kind(kind, old, new)


def _reasons_of_kind(kind: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Reason]:
    """The changes of one module type: item by item in a list, else as a whole."""
    before, after = old.get(kind, []), new.get(kind, [])
    if not isinstance(before, list) or not isinstance(after, list) or not (before or after):
        verb = _verb(kind, old, new)
        yield _patch(f"module.{verb}", pointer("modules", kind), f"The module {shown(kind)} was {verb}.")
        return
    found = match_lists(before, after)
    for place in found.added:
        yield _module("added", kind, place, after[place])
    for was, now in found.changed:
        yield _module("changed", kind, now, after[now], _changed_members(before[was], after[now]))
    for was, now in found.moved:
        yield _module("moved", kind, now, after[now], f" from place {was + 1} to {now + 1}")
    for place in found.removed:
        yield _module("removed", kind, place, before[place])


def _module(verb: str, kind: str, place: int, module: object, more: str = "") -> Reason:
    key = module.get("key") if isinstance(module, dict) else None
    name = f" {shown(key)}" if isinstance(key, str) else ""
    text = f"The module{name} of {shown(kind)} was {verb}{more}."
    return _patch(f"module.{verb}", pointer("modules", kind, place), text)


def _changed_members(before: object, after: object) -> str:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    names = [
        shown(name)
        for name in sorted(before.keys() | after.keys())
        if not (name in before and name in after and same_value(before[name], after[name]))
    ]
    more = "" if len(names) <= _MOST_FIELDS_NAMED else f" and {len(names) - _MOST_FIELDS_NAMED} more"
    return f" ({', '.join(names[:_MOST_FIELDS_NAMED])}{more})"


def _verb(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if name not in before:
        return "added"
    return "changed" if name in after else "removed"


def _patch(rule: str, where: str, text: str) -> Reason:
    return Reason(rule, where, Change.PATCH, False, text)
