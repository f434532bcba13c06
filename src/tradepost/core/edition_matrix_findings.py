"""What is suspicious in a matrix of editions: rule, place, reason and remedy. Source: domain.md 7.3, 7.5.

Standard and absent are one branch for an app and Advanced the other; an inverted check is true for sites without a
license; a license that is over keeps its edition (domain.md 12, 23).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tradepost.core.condition_shape import REMOTE, Single, parse_conditions
from tradepost.core.difference import pointer
from tradepost.core.document import shown
from tradepost.core.edition import LOWEST, Edition
from tradepost.core.edition_matrix_rows import ModuleRow
from tradepost.core.edition_matrix_shows import Cell
from tradepost.core.edition_matrix_situations import CAPABILITY, LICENSED, SITUATIONS, Situation, Viewer
from tradepost.core.errors import Problem
from tradepost.core.module import module_problems
from tradepost.core.variables import names_in, substitute


class Rule(StrEnum):
    """The rules of this check by their stable names. Modules that are left out carry the rules of `core.module`."""

    SHOWS_TO_NOBODY = "edition.shows_to_nobody"
    VANISHES_WHEN_ABSENT = "edition.vanishes_when_absent"
    VANISHES_ON_STANDARD = "edition.vanishes_on_standard"
    OPENS_TO_UNLICENSED = "edition.opens_to_unlicensed"
    OUTLIVES_LICENSE = "edition.outlives_license"
    UNKNOWN_VALUE = "edition.unknown_value"
    NEVER_LICENSED = "edition.never_licensed"
    INLINE = "edition.inline"


@dataclass(frozen=True, slots=True)
class Finding:
    """One suspicious thing. `pointer` leads into the descriptor; `text` is the reason and `fix` what to do."""

    rule: str
    kind: str
    module: str
    pointer: str
    text: str
    fix: str


_REMEDIES: Mapping[Rule, str] = {
    Rule.VANISHES_WHEN_ABSENT: (
        "Treat an absent edition as Standard: ask for capabilityAdvanced with `invert` beside addon_is_licensed, or "
        "for addon_is_licensed alone where Advanced has the module too."
    ),
    Rule.VANISHES_ON_STANDARD: (
        "Treat Standard as an absent edition: ask for capabilityAdvanced with `invert`, not for capabilityStandard."
    ),
    Rule.OPENS_TO_UNLICENSED: "Ask for addon_is_licensed beside it (both must hold).",
    Rule.OUTLIVES_LICENSE: "Ask for addon_is_licensed beside it (both must hold).",
    Rule.NEVER_LICENSED: "Write `enableLicensing: true` if the app is paid; otherwise drop the condition.",
    Rule.SHOWS_TO_NOBODY: "Drop or mend a condition, so that they can hold together; or remove the module.",
}
_ABOUT_THIS_PRODUCT = frozenset({"condition.unknown", "condition.unsupported", REMOTE})
"""Rules that say nothing of a module that only another product shows."""

_MEND = "Mend what the reason names; the module shows nowhere until then."


def find_suspicious(document: Mapping[str, Any], rows: Sequence[ModuleRow], *, paid: bool) -> tuple[Finding, ...]:
    """Everything suspicious, in the order of the descriptor; modules that are left out come first."""
    found = [_left_out(problem) for problem in module_problems(document) if problem.rule.startswith("module.")]
    for row in rows:
        found += _of_row(row, paid=paid)
    return tuple(found)


def _left_out(problem: Problem) -> Finding:
    _, _, kind, *rest = problem.pointer.split("/")
    return Finding(problem.rule, kind, rest[0] if rest else "", problem.pointer, problem.text, _MEND)


def _of_row(row: ModuleRow, *, paid: bool) -> Iterator[Finding]:
    yield from _unknown_values(row)
    yield from _inline(row)
    if not paid:
        yield from _never_licensed(row)
    if not any(row.may_show_in(situation) for situation in SITUATIONS if situation.occurs(paid=paid)):
        yield from _shows_to_nobody(row)
    elif paid:
        yield from _vanishing(row)
        yield from _unlicensed(row)


def _finding(rule: Rule, row: ModuleRow, where: str, text: str, fix: str = "") -> Finding:
    return Finding(rule.value, row.kind, row.label, where, text, fix or _REMEDIES[rule])


def _shows_to_nobody(row: ModuleRow) -> Iterator[Finding]:
    if not row.supported and any(problem.rule in _ABOUT_THIS_PRODUCT for problem in row.conditions.problems):
        return
    for problem in row.conditions.problems:
        yield _finding(Rule.SHOWS_TO_NOBODY, row, problem.pointer, f"It shows to nobody: {problem.text}", _MEND)
    if not row.conditions.problems:
        never = dict.fromkeys(f"{leaf.name}: {leaf.known.why}" for leaf in row.singles if leaf.known.always_false)
        because = "".join(f" {shown(why)}" for why in never)
        text = f"It shows to nobody: no edition, license and viewer satisfies its conditions.{because}"
        yield _finding(Rule.SHOWS_TO_NOBODY, row, row.pointer + pointer("conditions"), text)


def _vanishing(row: ModuleRow) -> Iterator[Finding]:
    """What tells Standard and absent apart although the license is active. Advanced may differ from both."""
    lost = [viewer for viewer in Viewer if _cell(row, LOWEST, viewer).beyond(_cell(row, None, viewer))]
    if lost:
        text = (
            f"{_people(lost)} of a licensed site on {LOWEST.word} may see it, but not of one without an edition: "
            "original billing, or a site that has never switched. For them the feature vanishes."
        )
        yield _finding(Rule.VANISHES_WHEN_ABSENT, row, _check_of(row), text)
    lost = [viewer for viewer in Viewer if _cell(row, None, viewer).beyond(_cell(row, LOWEST, viewer))]
    if lost:
        text = (
            f"{_people(lost)} of a licensed site without an edition may see it, but not of one on {LOWEST.word}: "
            "the feature vanishes at the first switch, and stays away when the site comes back."
        )
        yield _finding(Rule.VANISHES_ON_STANDARD, row, _check_of(row), text)


def _unlicensed(row: ModuleRow) -> Iterator[Finding]:
    """What shows without a license for no other reason than the check of the edition."""
    unlicensed = [situation for situation in SITUATIONS if not situation.licensed]
    opened = [each for each in unlicensed if row.row[each].beyond(row.judge.cell(each, without=_is_inverted_check))]
    if opened:
        text = (
            f"{_people([each.viewer for each in opened])} of a site without a license may see it: an inverted "
            "capability_set is true wherever the edition is another or absent, and so for the unlicensed."
        )
        yield _finding(Rule.OPENS_TO_UNLICENSED, row, _check_of(row, inverted=True), text)
        return
    kept = [
        each
        for each in unlicensed
        if each.edition is not None and row.row[each].beyond(row.row[Situation(None, False, each.viewer)])
    ]
    if kept:
        editions = " and ".join(dict.fromkeys(each.edition.word for each in kept if each.edition is not None))
        text = (
            f"{_people([each.viewer for each in kept])} may still see it after a license on {editions} is over: such a "
            "license keeps its edition."
        )
        yield _finding(Rule.OUTLIVES_LICENSE, row, _check_of(row), text)


def _unknown_values(row: ModuleRow) -> Iterator[Finding]:
    for leaf in row.singles:
        complaint = _complaint(leaf)
        if complaint is not None:
            yield _finding(Rule.UNKNOWN_VALUE, row, row.place_of(leaf, "params", "value"), *complaint)


def _complaint(leaf: Single) -> tuple[str, str] | None:
    """What is wrong with the value that a check of the edition wants, and the remedy."""
    wanted = str(leaf.params.get("value", ""))
    if leaf.name != CAPABILITY or wanted in {edition.capability for edition in Edition}:
        return None
    outcome = "always true, inverted as it is" if leaf.invert else "never true"
    meant = [edition.capability for edition in Edition if edition.value in wanted.lower()]
    fix = f"Write {meant[0]}." if len(meant) == 1 else f"Write {' or '.join(each.capability for each in Edition)}."
    return f"No edition is called {shown(wanted)!r}; the condition is {outcome}.", fix


def _never_licensed(row: ModuleRow) -> Iterator[Finding]:
    asked = [leaf for leaf in row.singles if leaf.name in {LICENSED, CAPABILITY}]
    if asked:
        names = " and ".join(dict.fromkeys(leaf.name for leaf in asked))
        text = f"The app never has a license, nor an edition: enableLicensing is not true. It asks for {names}."
        yield _finding(Rule.NEVER_LICENSED, row, row.place_of(asked[0]), text)


def _inline(row: ModuleRow) -> Iterator[Finding]:
    """Conditions in the address, which are true or false and hide nothing. Source: domain.md 7.5."""
    if row.module is None:
        return
    in_target = row.module.raw.get("url") != row.module.url
    where = row.pointer + pointer(*(("target", "url") if in_target else ("url",)))
    for name in names_in(row.module.url):
        if not name.startswith("condition."):
            continue
        asked = _asked(name)
        read = parse_conditions(asked)
        problems = ["It is not name(param=value)."] if asked is None else [problem.text for problem in read.problems]
        for text in problems:
            fix = "Write {condition.NAME(param=value)} with a condition that is known and all its parameters."
            yield _finding(Rule.INLINE, row, where, f"{{{shown(name)}}} in the address is never true: {text}", fix)
        for leaf in read.leaves:
            complaint = _complaint(leaf) if isinstance(leaf, Single) else None
            if complaint is not None:
                yield _finding(Rule.UNKNOWN_VALUE, row, where, *complaint)


def _asked(text: str) -> dict[str, Any] | None:
    """The condition that an inline one is, read by the function that fills addresses; None where it is not one."""
    found: list[dict[str, Any]] = []

    def note(name: str, params: Mapping[str, str]) -> bool:
        found.append({"condition": name, "params": dict(params)})
        return False

    substitute(f"?{{{text}}}", {}, condition=note)
    return found[0] if found else None


def _cell(row: ModuleRow, edition: Edition | None, viewer: Viewer) -> Cell:
    return row.row[Situation(edition, True, viewer)]


def _is_inverted_check(leaf: Single) -> bool:
    return leaf.name == CAPABILITY and leaf.invert


def _check_of(row: ModuleRow, *, inverted: bool = False) -> str:
    """A pointer to the first check of the edition, or the first inverted one."""
    checks = [leaf for leaf in row.singles if leaf.name == CAPABILITY and (leaf.invert or not inverted)]
    return row.place_of(checks[0])


def _people(viewers: Sequence[Viewer]) -> str:
    """Viewers as the subject of a sentence."""
    words = {Viewer.ANONYMOUS: "visitors", Viewer.USER: "users", Viewer.ADMINISTRATOR: "administrators"}
    found = [words[viewer] for viewer in Viewer if viewer in viewers]
    if len(found) == len(words):
        return "Everybody"
    return " and ".join(found).capitalize()
