"""What came of a deployment, printed for people: the version, why, and what it means for sites."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from tradepost.cli.paper import open_paper, styled
from tradepost.cli.vendor.paper import CHANGE_STYLES, print_reasons, print_unrendered, rows_of, told
from tradepost.core.manifest_equivalence_explained import EQUIVALENCE_RULES, Way

_KINDS = {"first": "the first version", "minor": "a minor version", "major": "a major version"}


def print_deployment(answer: Mapping[str, Any]) -> None:
    """The answer first, then what it means, then why, then what to look at."""
    console = open_paper()
    console.print(_headline(answer))
    for sentence in consequences(answer):
        console.print(styled(f"  {sentence}"))
    print_reasons(console, "Because", rows_of(answer, "reasons"))
    print_reasons(console, "Waits for review", rows_of(answer, "review"), style="bold yellow")
    print_reasons(console, "At sites that run the watched app", rows_of(answer, "equivalence"))
    print_reasons(console, "Warnings", rows_of(answer, "warnings"), style="bold yellow")
    print_unrendered(console, rows_of(answer, "unrendered"))


def consequences(answer: Mapping[str, Any]) -> Iterator[str]:
    """What the version means for sites, in sentences. Durations: domain.md 4.3 and 4.4."""
    version = told(answer, "version")
    major = version.partition(".")[0]
    equivalence = rows_of(answer, "equivalence")
    if answer.get("state") == "in_review":
        yield "An operator reviews it first; until then sites keep what they run."
        yield f"Is it wrong? tradepost version withdraw {version} -e {told(answer, 'environment')} takes it back."
    if equivalence:
        yield from _crossing(equivalence)
    elif answer.get("change") == "first":
        yield "No site runs the app yet."
    elif answer.get("backport"):
        yield f"It reaches the sites of major {major} and no others, within minutes or in their maintenance window."
        yield "New installations still get the newest version of all."
    elif answer.get("change") == "minor":
        yield f"It reaches all sites of major {major} within minutes, or in their maintenance window (up to 4 h more)."
    else:
        yield "Sites see it at their next check (within 24 h), and wait there for an administrator, who gets a mail."
        yield "Where it asks for no new right, tradepost rollout start brings sites to it without asking."


def _crossing(equivalence: list[Mapping[str, Any]]) -> Iterator[str]:
    names = {str(each.get("rule")) for each in equivalence}
    known = [EQUIVALENCE_RULES[name] for name in names if name in EQUIVALENCE_RULES]
    way = max((rule.way for rule in known), key=lambda each: each.gravity, default=Way.SILENT)
    yield "The app was watched so far. From now on it is deployed, and its descriptor is not asked for any more."
    if any(each.get("consent") for each in equivalence) or way is Way.CONSENT:
        yield "Sites that run the watched app ask their administrator, for the reasons below."
    elif way is Way.BULK:
        yield "Sites that run the watched app are asked nothing, and wait until you say tradepost rollout start."
    else:
        yield "Sites that run the watched app are asked nothing: they get it within 120 h, each at its own time."


def _headline(answer: Mapping[str, Any]) -> Text:
    change = told(answer, "change")
    kind = "a backport" if answer.get("backport") else _KINDS.get(change, change)
    after = f", after {answer['before']}" if answer.get("before") else ""
    verb = "would be" if answer.get("dry_run") else "is"
    environment, key = told(answer, "environment"), told(answer, "app_key")
    text = f"{told(answer, 'version')} {verb} {kind} of {key} in {environment}{after}."
    return styled(text, f"bold {CHANGE_STYLES.get(change, '')}".strip())
