"""What a manifest changes in rights, addresses and payment, one reason per fact. Source: domain.md 4.2.

Where 4.2 and the list that came after it differ, the list holds; docs/manifest-rules.md has every row.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tradepost.core.document import shown
from tradepost.core.manifest import Manifest, Path, PlacedReason, placed_reason
from tradepost.core.manifest_facts import Egress, ManifestFacts
from tradepost.core.version import Change

_Fact = TypeVar("_Fact")


@dataclass(frozen=True, slots=True)
class Side:
    """One manifest of a comparison with its facts."""

    manifest: Manifest
    facts: ManifestFacts

    def major(self, rule: str, path: Path, text: str) -> PlacedReason:
        """A reason that stands in this manifest and waits for an administrator."""
        return placed_reason(self.manifest, path, rule, Change.MAJOR, text)

    def minor(self, rule: str, path: Path, text: str) -> PlacedReason:
        """A reason that stands in this manifest and goes out by itself."""
        return placed_reason(self.manifest, path, rule, Change.MINOR, text)


def scope_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Scopes are a set of names: any difference is major."""
    for name, path in _only_in(new.facts.scopes, old.facts.scopes):
        yield new.major("manifest_scope.added", path, f"The app newly asks for the scope {shown(name)}.")
    for name, path in _only_in(old.facts.scopes, new.facts.scopes):
        yield old.major("manifest_scope.removed", path, f"The app no longer asks for the scope {shown(name)}.")


def egress_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Entries that were not there are major, a changed category or flag makes another entry; only removing is minor."""
    before = {entry.target for entry in old.facts.egress}
    changed = set()
    for entry, path in _only_in(new.facts.egress, old.facts.egress):
        if entry.target in before:
            changed.add(entry.target)
            text = f"{_name(entry)} is now {_conditions(entry)}."
            yield new.major("egress.changed", path, text)
        else:
            yield new.major("egress.added", path, f"{_name(entry)} is new, {_conditions(entry)}.")
    for entry, path in _only_in(old.facts.egress, new.facts.egress):
        if entry.target not in changed:
            yield old.minor("egress.removed", path, f"{_name(entry)}, {_conditions(entry)}, is gone.")


def content_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Options of the content security policy: one that was not there is major, only removing is minor."""
    for (kind, value), path in _only_in(new.facts.content, old.facts.content):
        text = f"The content option {shown(kind)}: {shown(value)} is new."
        yield new.major("content.added", path, text)
    for (kind, value), path in _only_in(old.facts.content, new.facts.content):
        text = f"The content option {shown(kind)}: {shown(value)} is gone."
        yield old.minor("content.removed", path, text)


def customer_managed_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Addresses that customers add themselves: switched on is major."""
    path = ("permissions", "external", "configurable", "enabled")
    yield from _switch(
        old, new, path, lambda facts: facts.customer_managed,
        on=("egress.opened", "Customers can newly let the app reach addresses that they add themselves."),
        off=("egress.closed", "Customers can no longer add addresses for the app to reach."),
    )  # fmt: skip


def provider_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Sign-in providers as key and client id: any difference is major."""
    keys_before = {key for key, _ in old.facts.providers}
    changed = set()
    for (key, client), path in _only_in(new.facts.providers, old.facts.providers):
        if key in keys_before:
            changed.add(key)
            text = f"The sign-in provider {_said(key)} has another client id: {_said(client)}."
            yield new.major("provider.changed", path, text)
        else:
            yield new.major("provider.added", path, f"The sign-in provider {_said(key)} is new.")
    for (key, client), path in _only_in(old.facts.providers, new.facts.providers):
        if key not in changed:
            text = f"The sign-in provider {_said(key)} with the client id {_said(client)} is gone."
            yield old.major("provider.removed", path, text)


def trigger_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Web triggers by key and response type: one that is new and dynamic, or becomes so, is major."""
    before, after = old.facts, new.facts
    known = before.dynamic_triggers.keys() | before.static_triggers.keys()
    kept = after.dynamic_triggers.keys() | after.static_triggers.keys()
    for key, path in _only_in(after.dynamic_triggers, before.dynamic_triggers):
        if key in before.static_triggers:
            text = f"The web trigger {_said(key)} newly answers from the app's code (dynamic)."
            yield new.major("trigger.became_dynamic", path, text)
        else:
            text = f"The web trigger {_said(key)} is new and answers from the app's code (dynamic)."
            yield new.major("trigger.dynamic_added", path, text)
    for key, path in _only_in(after.static_triggers, before.static_triggers):
        if key in known:
            text = f"The web trigger {_said(key)} now gives a fixed answer (static)."
            yield new.minor("trigger.became_static", path, text)
        else:
            text = f"The web trigger {_said(key)} is new and gives a fixed answer (static)."
            yield new.minor("trigger.static_added", path, text)
    gone = {**before.static_triggers, **before.dynamic_triggers}
    for key, path in gone.items():
        if key not in kept:
            yield old.minor("trigger.removed", path, f"The web trigger {_said(key)} is gone.")


def payment_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """Licensing switched on is major."""
    yield from _switch(
        old, new, ("app", "licensing", "enabled"), lambda facts: facts.licensing,
        on=("payment.enabled", "The app changes from free to paid."),
        off=("payment.disabled", "The app changes from paid to free."),
    )  # fmt: skip


def connect_key_reasons(old: Side, new: Side) -> Iterator[PlacedReason]:
    """One key of the watched app replaced by another is major; naming one, or none any more, is minor."""
    before, after, path = old.facts.connect_key, new.facts.connect_key, ("app", "connect", "key")
    if before == after:
        return
    if before is None:
        yield new.minor("connect_key.added", path, f"The app names the Connect key {_said(after)}.")
    elif after is None:
        yield old.minor("connect_key.removed", path, f"The app no longer names the Connect key {_said(before)}.")
    else:
        text = f"The Connect key changes from {_said(before)} to {_said(after)}."
        yield new.major("connect_key.changed", path, text)


def _switch(
    old: Side, new: Side, path: Path, read: Callable[[ManifestFacts], bool], *,
    on: tuple[str, str], off: tuple[str, str],
) -> Iterator[PlacedReason]:  # fmt: skip
    """Switched on is major and stands in the new manifest, switched off is minor and stands in the old one."""
    was, is_on = read(old.facts), read(new.facts)
    if is_on and not was:
        yield new.major(on[0], path, on[1])
    if was and not is_on:
        yield old.minor(off[0], path, off[1])


def _only_in(facts: Mapping[_Fact, Path], others: Mapping[_Fact, Path]) -> Iterator[tuple[_Fact, Path]]:
    return ((fact, path) for fact, path in facts.items() if fact not in others)


def _name(entry: Egress) -> str:
    what = "the undeclared remote " if entry.dangling else ""
    return f"The {entry.kind} entry {what}{shown(entry.address)}"


def _conditions(entry: Egress) -> str:
    category = "without a category" if entry.category is None else f"in the category {shown(entry.category)}"
    return f"{category}, {'with' if entry.in_scope else 'without'} in-scope end-user data"


def _said(value: str | None) -> str:
    return "(none)" if value is None else shown(value)
