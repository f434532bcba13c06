"""Reading the conditions of a module into a tree: every shape that descriptors use. Source: protocol.md 7.3.

Single: `{"condition": name, "invert": false, "params": {}}`. Composite: `{"and": [...]}`, `{"or": [...]}`, or the older
`{"conditions": [...], "type": "AND"}` with the type in any case. A list is an AND.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tradepost.core.condition_names import PREDEFINED, Form, Param, PredefinedCondition
from tradepost.core.difference import pointer
from tradepost.core.document import kind_of, shown
from tradepost.core.errors import Problem

MOST_NESTED = 32
"""levels of composite conditions inside each other"""

MOST_CONDITIONS = 200
"""single conditions of one module"""

REMOTE = "condition.remote"
"""The rule that refuses a descriptor. The others hide a module and are warnings at listing."""

_REMOTE_BEGINNINGS = ("http:", "https:", "/")
_ROUND_UP_TO = 10**21
"""JavaScript writes larger ones with an exponent."""

_COMPOSITES = ("and", "or", "conditions")
_TYPES: Mapping[str, bool] = {"and": True, "or": False}


@dataclass(frozen=True, slots=True)
class Single:
    """One condition that can be answered. `params` are checked; `path` is a JSON pointer below the conditions."""

    known: PredefinedCondition
    params: Mapping[str, str | tuple[str, ...]]
    invert: bool
    path: str

    @property
    def name(self) -> str:
        """The name as apps write it."""
        return self.known.name


@dataclass(frozen=True, slots=True)
class Broken:
    """A condition that can never hold: unknown, not supported, remote or of a wrong shape. It hides the module."""

    name: str
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Combined:
    """Conditions of which all (`every`) or any must hold."""

    every: bool
    parts: tuple["Condition", ...]
    path: str


Condition = Single | Broken | Combined


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions of one module, read once. `leaves` are all single ones in their order.

    `hopeless` are those that hide the module for everybody, `problems` say the same for the vendor.
    """

    tree: Condition
    leaves: tuple[Single | Broken, ...]
    hopeless: tuple[Broken, ...]
    problems: tuple[Problem, ...]


def parse_conditions(value: Any, *, at: str = "") -> Conditions:
    """Read a module's `conditions`, whatever stands there; null is none. `at` is a JSON pointer to where they stand."""
    reader = _Reader(at)
    tree = reader.read_all([] if value is None else value)
    leaves = tuple(_leaves(tree))
    hopeless = tuple(leaf for leaf in leaves if isinstance(leaf, Broken))
    return Conditions(tree, leaves, hopeless, tuple(reader.problems))


class _Reader:
    """Reads one module's conditions, noting problems and counting single conditions on the way."""

    def __init__(self, at: str) -> None:
        self.problems: list[Problem] = []
        self._at = at
        self._count = 0

    def read_all(self, value: Any) -> Condition:
        if isinstance(value, list):
            return self._combined(value, "", 0, every=True)
        return self._read_one(value, "", 0)

    def _read_one(self, value: Any, path: str, depth: int) -> Condition:
        if depth > MOST_NESTED:
            text = f"Conditions are nested more than {MOST_NESTED} levels deep."
            return self._broken("", text, path, rule="condition.limit")
        if not isinstance(value, dict):
            return self._broken("", f"A condition must be an object, not {kind_of(value)}.", path)
        forms = [name for name in ("condition", *_COMPOSITES) if name in value]
        if len(forms) != 1:
            text = "A condition has exactly one of `condition`, `and`, `or` and `conditions`."
            return self._broken("", text, path)
        if forms == ["condition"]:
            return self._single(value, path)
        return self._composite(value, forms[0], path, depth)

    def _composite(self, value: Mapping[str, Any], form: str, path: str, depth: int) -> Condition:
        if value.get("invert") is not None and value.get("invert") is not False:
            return self._broken(form, "Only a single condition can be inverted.", path)
        kind = value.get("type", "and") if form == "conditions" else form
        every = _TYPES.get(kind.lower()) if isinstance(kind, str) else None
        if every is None:
            return self._broken(form, "The type of a composite condition is AND or OR.", path + pointer("type"))
        parts = value[form]
        if not isinstance(parts, list) or not parts:
            text = f"`{form}` must be a list of at least one condition."
            return self._broken(form, text, path + pointer(form))
        return self._combined(parts, path + pointer(form), depth + 1, every=every)

    def _combined(self, parts: list[Any], path: str, depth: int, *, every: bool) -> Condition:
        read: list[Condition] = []
        for place, part in enumerate(parts):
            read.append(self._read_one(part, path + pointer(place), depth))
            if max(self._count, len(self.problems)) > MOST_CONDITIONS:
                break
        return Combined(every, tuple(read), path)

    def _single(self, value: Mapping[str, Any], path: str) -> Condition:
        self._count += 1
        name, invert, params = value["condition"], value.get("invert"), value.get("params")
        if self._count > MOST_CONDITIONS:
            return self._broken("", f"A module has at most {MOST_CONDITIONS} conditions.", path, rule="condition.limit")
        if not isinstance(name, str):
            text = f"The name of a condition must be a string, not {kind_of(name)}."
            return self._broken("", text, path + pointer("condition"))
        if is_remote(name):
            text = f"Remote conditions are not supported: {shown(name)!r}."
            return self._broken(name, text, path + pointer("condition"), rule=REMOTE)
        if not isinstance(invert, bool | None):
            return self._broken(name, "`invert` must be true or false.", path + pointer("invert"))
        if not isinstance(params, dict | None):
            return self._broken(name, "`params` must be an object.", path + pointer("params"))
        return self._known(name, params or {}, path, invert=bool(invert))

    def _known(self, name: str, given: Mapping[str, Any], path: str, *, invert: bool) -> Condition:
        known = PREDEFINED.get(name)
        where = path + pointer("condition")
        if known is None:
            text = f"The condition {shown(name)!r} is not known; the module never shows."
            return self._broken(name, text, where, rule="condition.unknown")
        if not known.supported:
            text = f"The condition {name} is not supported; the module never shows. {known.why}"
            return self._broken(name, text, where, rule="condition.unsupported")
        params: dict[str, str | tuple[str, ...]] = {}
        for param in known.params:
            found = _read_param(param, given.get(param.name))
            if found is None and (param.required or given.get(param.name) is not None):
                text = f"The condition {name} needs the parameter {param.name}, a {param.form}."
                return self._broken(name, text, path + pointer("params", param.name), rule="condition.params")
            if found is not None:
                params[param.name] = found
        return Single(known, MappingProxyType(params), invert, path)

    def _broken(self, name: str, text: str, path: str, *, rule: str = "condition.shape") -> Broken:
        self.problems.append(Problem(self._at + path, text, rule))
        return Broken(shown(name), text, path)


def is_remote(name: str) -> bool:
    """Whether a condition's name is an address that the host would have to ask."""
    return name.lower().startswith(_REMOTE_BEGINNINGS)


def text_of(value: object) -> str | None:
    """A primitive as text, the way JavaScript writes it; None for lists and objects. Null is `null`."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int):
        return str(value) if abs(value) < _ROUND_UP_TO else None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _ROUND_UP_TO else repr(value)
    return None


def _read_param(param: Param, value: object) -> str | tuple[str, ...] | None:
    """The value of a parameter in its form, None where it has none. Numbers and booleans count as their text."""
    if param.form is Form.TEXTS and isinstance(value, list):
        texts = [text_of(item) for item in value]
        return None if None in texts else tuple(text for text in texts if text is not None)
    text = text_of(value) if value is not None else None
    if text is not None and param.form is Form.PATH:
        return text if all(text.split(".")) else None
    return text


def _leaves(tree: Condition) -> Iterator[Single | Broken]:
    if isinstance(tree, Combined):
        for part in tree.parts:
            yield from _leaves(part)
    else:
        yield tree
