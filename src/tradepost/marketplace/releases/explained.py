"""Rules made ready for the page of rules: those of descriptors, and those of manifests."""

from itertools import groupby

from tradepost.core.manifest_equivalence_explained import EQUIVALENCE_RULES, EquivalenceRule
from tradepost.core.manifest_explained import MANIFEST_RULES, ManifestRule
from tradepost.core.manifest_lint_explained import LINT_RULES, LintRule
from tradepost.core.rules import RULES, ExplainedRule

Parts = dict[str, str | list[str]]
AnyRule = ExplainedRule | ManifestRule | EquivalenceRule | LintRule


def in_parts(rule: AnyRule, *, does: str = "") -> Parts:
    """A rule with its texts split where they quote code: every second part is code. `does` is what it decides."""
    texts = {"trigger": rule.trigger, "why": getattr(rule, "why", ""), "example": rule.example, "does": does}
    return {"name": rule.name} | {name: text.split("`") for name, text in texts.items() if text}


def manifest_rules() -> list[tuple[str, list[Parts]]]:
    """The rules of manifests by subject. A name that descriptors and manifests share is explained once."""
    own = [each for each in MANIFEST_RULES.values() if each.name not in RULES]
    areas = groupby(own, key=lambda rule: rule.area)
    numbering = [(f"Manifests: {area}", [in_parts(each, does=each.effect) for each in found]) for area, found in areas]
    crossing = [in_parts(each, does=each.way) for each in EQUIVALENCE_RULES.values()]
    lint = [
        in_parts(each, does="refused" if each.refuses else "a warning")
        for each in LINT_RULES.values()
        if each.name not in MANIFEST_RULES
    ]
    return [
        *numbering,
        ("Manifests: a watched app becomes a deployed one", crossing),
        ("Manifests: what is refused or worth a look", lint),
    ]
