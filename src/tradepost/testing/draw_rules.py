"""Draw docs/rules.md from the table of rules: `python -m tradepost.testing.draw_rules`."""

from collections.abc import Iterator
from pathlib import Path

from tradepost.core.rules import RULES, ExplainedRule, Subject

PAGE = Path(__file__).resolve().parents[3] / "docs" / "rules.md"
COMMAND = ".venv/bin/python -m tradepost.testing.draw_rules"

_OPENING = f"""# Rules

Every reason, refusal and problem that Tradepost gives names one of these rules. This page is drawn from
`src/tradepost/core/rules.py` by `{COMMAND}`; a test fails when it is out of date.
Sources are sections of the project's notes on the field.
"""


def draw_rules() -> str:
    """The page as Markdown, a section per rule."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _OPENING
    for subject in Subject:
        yield f"## {subject.value}\n"
        for rule in RULES.values():
            if rule.subject is subject:
                yield _section(rule)


def _section(rule: ExplainedRule) -> str:
    return (
        f"### {rule.name}\n\n{rule.trigger}\n\n* Why: {rule.why}\n* Example: {rule.example}\n* Source: {rule.source}\n"
    )


def main() -> None:
    """Write the page into the checkout in which this is run."""
    PAGE.write_text(draw_rules(), encoding="utf-8")


if __name__ == "__main__":
    main()
