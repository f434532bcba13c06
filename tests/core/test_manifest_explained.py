"""Every rule about manifests that can be named is explained, and the page says what the table says."""

import ast
import re

from tradepost.core.manifest_equivalence_explained import EQUIVALENCE_RULES
from tradepost.core.manifest_explained import MANIFEST_RULES
from tradepost.core.manifest_lint_explained import LINT_RULES
from tradepost.core.rules import RULES
from tradepost.testing import draw, draw_manifest_rules

MODULES = {f"manifest_module.{verb}" for verb in ("added", "changed", "removed")}
ALSO_OF_DESCRIPTORS = {
    "document.too_large", "document.too_deep", "document.too_many", "document.not_utf8", "document.bad_text",
    "document.repeated_key",
    # The problems of a descriptor that `lint` tells apart from others.
    "field.required", "module.unknown", "base_url.https",
}  # fmt: skip
NOT_RULES = {"fetch.backend"}
EVERY = {**MANIFEST_RULES, **EQUIVALENCE_RULES, **LINT_RULES}


def rules_named_in(path):
    texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z_]+\.[a-z_0-9]+", text)}


def test_every_rule_named_in_the_code_is_explained_and_the_other_way_round(project):
    source = project / "src" / "tradepost"
    files = [*source.glob("core/manifest*.py"), *source.glob("wire/manifest_text*.py")]

    named = set.union(*(rules_named_in(path) for path in files if not path.stem.endswith("_explained")))

    assert named - NOT_RULES | MODULES == set(EVERY) | ALSO_OF_DESCRIPTORS


def test_no_name_means_two_things():
    assert not set(EVERY) & set(RULES)
    assert len(EVERY) == len(MANIFEST_RULES) + len(EQUIVALENCE_RULES) + len(LINT_RULES)
    assert set(RULES) >= ALSO_OF_DESCRIPTORS


def test_no_cell_of_the_page_breaks_its_table():
    for rule in EVERY.values():
        assert rule.trigger
        assert rule.example
        assert "|" not in rule.trigger + rule.example


def test_the_page_is_up_to_date():
    assert (draw.DOCS / "manifest-rules.md").read_text(encoding="utf-8") == draw_manifest_rules.draw()
