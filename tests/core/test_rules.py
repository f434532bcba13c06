"""Every rule that can be named is explained, and docs/rules.md says what the table says."""

import ast
import re

from tradepost.core.rules import RULES, Subject
from tradepost.testing import draw_rules

NAMED_WITH_A_VERB = {
    *(f"field.{verb}" for verb in ("added", "removed", "changed")),
    *(f"module.{verb}" for verb in ("added", "removed", "changed", "moved")),
}
FILES = (
    "addresses", "changes", "condition_shape", "consent", "document", "facts", "history", "listing", "module",
    "release",
)  # fmt: skip
NOT_RULES = {"localhost.localdomain"}


def rules_named_in(path):
    texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+[a-z0-9_]*", text)}


def test_every_rule_named_in_the_code_is_explained_and_the_other_way_round(project):
    core = project / "src" / "tradepost" / "core"

    named = set.union(*(rules_named_in(core / f"{name}.py") for name in FILES)) - NOT_RULES

    assert named | NAMED_WITH_A_VERB == set(RULES)


def test_every_rule_says_when_why_and_from_where():
    for rule in RULES.values():
        assert rule.trigger
        assert rule.why
        assert rule.example
        assert rule.source
        assert rule.subject in Subject


def test_the_page_of_rules_is_up_to_date():
    written = draw_rules.PAGE.read_text(encoding="utf-8")

    assert written == draw_rules.draw_rules(), f"docs/rules.md is out of date: run {draw_rules.COMMAND}"
