"""Variables in the addresses of modules, such as `/panel?issue={issue.key}`. Source: protocol.md 3.4."""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from tradepost.core.document import shown
from tradepost.core.errors import InvalidInputError

_VARIABLE = re.compile(r"\$?\{([^}]*)\}")
_CONDITION = re.compile(r"condition\.(?P<name>[A-Za-z0-9_]+)\s*(?:\((?P<params>.*)\))?\s*", re.DOTALL)
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_SEGMENT_BREAKS = frozenset("/\\\0")


def substitute(
    url: str,
    values: Mapping[str, str | Sequence[str]],
    *,
    condition: Callable[[str, Mapping[str, str]], bool] | None = None,
) -> str:
    """The address with every `{name}` and `${name}` replaced by its value, percent-encoded (a space is `%20`).

    An unknown name is replaced by nothing and a list by its first item. `{condition.NAME(param=value)}` becomes `true`
    or `false` as `condition(name, params)` says, and nothing where there is no such function. Raises
    InvalidInputError where a value would add a segment to the path or make one of dots.
    """
    path, tail = _split(url)
    filled = _VARIABLE.sub(lambda match: _in_path(_value(match[1], values, condition), match[1]), path)
    if filled != path:
        _refuse_new_dots(path, filled)
    return filled + _VARIABLE.sub(lambda match: _encoded(_value(match[1], values, condition)), tail)


def names_in(url: str) -> tuple[str, ...]:
    """The names of the variables in an address, in their order and as they stand there."""
    return tuple(match[1].strip() for match in _VARIABLE.finditer(url))


def _split(url: str) -> tuple[str, str]:
    """The path, and the query with its mark or the fragment with its: a mark inside braces belongs to the variable."""
    covered = _VARIABLE.sub(lambda match: "x" * len(match[0]), url)
    ends = [place for place in (covered.find("?"), covered.find("#")) if place >= 0]
    end = min(ends, default=len(url))
    return url[:end], url[end:]


def _value(
    text: str,
    values: Mapping[str, str | Sequence[str]],
    condition: Callable[[str, Mapping[str, str]], bool] | None,
) -> str:
    name = text.strip()
    found = _CONDITION.fullmatch(name)
    if found is not None and name not in values:
        params = _params(found["params"] or "")
        if condition is None or params is None:
            return ""
        return "true" if condition(found["name"], params) else "false"
    value = values.get(name, "")
    if isinstance(value, str):
        return value
    return value[0] if value else ""


def _params(text: str) -> dict[str, str] | None:
    """The parameters of an inline condition, None where they are not `name=value, name="value"`."""
    params: dict[str, str] = {}
    for part in text.split(",") if text.strip() else ():
        name, sign, value = part.partition("=")
        if not sign or not name.strip():
            return None
        bare = value.strip()
        quoted = len(bare) >= 2 and bare[0] == bare[-1] and bare[0] in "\"'"
        params[name.strip()] = bare[1:-1] if quoted else bare
    return params


def _encoded(value: str) -> str:
    return quote(value, safe="", encoding="utf-8", errors="replace")


def _in_path(value: str, name: str) -> str:
    if _SEGMENT_BREAKS & set(value):
        raise InvalidInputError(f"The value of {shown(name)} would add a segment to the path.")
    return _encoded(value)


def _refuse_new_dots(path: str, filled: str) -> None:
    for was, now in zip(_VARIABLE.sub("x", path).split("/"), filled.split("/"), strict=False):
        if was != now and _DOTS.fullmatch(now):
            raise InvalidInputError("A value would make a segment of the path of dots.")
