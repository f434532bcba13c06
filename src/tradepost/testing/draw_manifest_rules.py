"""Draw docs/manifest-rules.md from the table of rules about manifests."""

from collections.abc import Iterator

from tradepost.core.document import DEFAULT_LIMITS
from tradepost.core.manifest_explained import MANIFEST_RULES, Area, ManifestRule

_OPENING = f"""# Rules about manifests

`tradepost compare` and `tradepost replay` judge manifests by these rules, and so does every deployment. This page is
drawn from `src/tradepost/core/manifest_explained.py` by `make docs`; a test fails when it is out of date. Rules about
descriptors stand in [rules.md](rules.md).

Each deployment to production makes a version. The first is 1.1.0; a minor one follows as 1.2.0; a major one as 2.0.0,
and the next minor one as 2.1.0. Only majors ask for consent. A reason has a pointer into the new manifest (into the old
one for what is gone), with line and column; for a member of a mapping that is where its key starts.

What is judged are facts, not spellings: order, list or mapping, text or mapping, aliases and merge keys make no
difference. Addresses are compared by their exact text. Plain scalars are read by the core schema of YAML 1.2, so `yes`
is text; where true or false is asked, `yes` and `on` count as true all the same. Text that was written as a number
stays as it was written.

A file that is not a JSON object with `baseUrl` is a manifest. Beside a descriptor, a file that does not name an `app`
is a broken descriptor.

A manifest may have {DEFAULT_LIMITS.max_bytes:,} bytes, {DEFAULT_LIMITS.max_items:,} values in
{DEFAULT_LIMITS.max_depth} levels, all with its aliases filled in; they are counted before they are.
Repeated keys and unprintable characters are refused, as in descriptors.
"""


def draw() -> str:
    """The page as Markdown: a table for each part of a manifest."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _OPENING
    for area in Area:
        yield f"## {area.value}\n"
        yield "| rule | makes it | when | example |"
        yield "|---|---|---|---|"
        for rule in MANIFEST_RULES.values():
            if rule.area is area:
                yield _row(rule)
        yield ""


def _row(rule: ManifestRule) -> str:
    return f"| {rule.name} | {rule.effect.value} | {rule.trigger} | {rule.example} |"
