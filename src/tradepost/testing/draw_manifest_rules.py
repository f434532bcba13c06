"""Draw docs/manifest-rules.md from the tables of rules about manifests."""

from collections.abc import Iterator

from tradepost.core.document import DEFAULT_LIMITS
from tradepost.core.manifest_equivalence_explained import EQUIVALENCE_RULES
from tradepost.core.manifest_explained import MANIFEST_RULES, Area, ManifestRule
from tradepost.core.manifest_lint_explained import LINT_RULES
from tradepost.core.manifest_scopes import CONTENT, WHOLE

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

_EQUIVALENCE = """## When a watched app becomes a deployed one

The number is settled: the first listed major is the highest listed major plus one. Whether a site's administrators are
asked is judged by these rules and no others, between the descriptor that the site runs and the manifest, so a major
may go out without a question. `tradepost lint MANIFEST --against DESCRIPTOR` says it beforehand. The gravest rule that
applies decides: *consent* waits for an administrator, *bulk upgrade* asks nobody and waits for the vendor to start one,
*by itself* reaches sites without either. These rules stand in `src/tradepost/core/manifest_equivalence_explained.py`.

| rule | goes out by | when | example |
|---|---|---|---|"""

_SCOPES = """### What covers a scope

A Connect scope of the manifest, such as `act-as-user:connect-jira`, is the scope of that name. Other scopes are covered
by a Connect scope of the descriptor, or by one that implies it:

| scope | covered by |
|---|---|"""

_LINT = """## What else `tradepost lint` says

A deployed app is on sites what its `connectModules` are. These rules tell whether they can be, and what deserves a
look; the descriptor that comes of them is then judged by the [rules about descriptors](rules.md). They stand in
`src/tradepost/core/manifest_lint_explained.py`.

| rule | says | when | example |
|---|---|---|---|"""


def draw() -> str:
    """The page as Markdown: a table for each part of a manifest, then those of `lint`."""
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
    yield from _equivalence_lines()
    yield from _scope_lines()
    yield _LINT
    for found in LINT_RULES.values():
        says = "problem" if found.refuses else "warning"
        yield f"| {found.name} | {says} | {found.trigger} | {found.example} |"


def _equivalence_lines() -> Iterator[str]:
    yield _EQUIVALENCE
    for rule in EQUIVALENCE_RULES.values():
        yield f"| {rule.name} | {rule.way.value} | {rule.trigger} | {rule.example} |"
    yield ""


def _scope_lines() -> Iterator[str]:
    yield _SCOPES
    for scope, covering in WHOLE.items():
        yield f"| `{scope}` | {covering or 'nothing'} |"
    things = ", ".join(f"`{thing}`" for thing in sorted(CONTENT))
    yield "| `read:THING:PRODUCT`, and with `search` or `validate` | READ |"
    yield f"| `write:THING:PRODUCT`, of {things} and their parts | WRITE |"
    yield "| `delete:THING:PRODUCT`, of the same | DELETE |"
    yield "| writing or deleting a `project-version`, or a part such as `project.component` | PROJECT_ADMIN |"
    yield "| writing or deleting a `template`, or a part such as `space.permission` | SPACE_ADMIN |"
    yield "| writing or deleting any other thing | ADMIN |"
    yield "| reading or writing the app's own `app-data` | every app may |"
    yield "| anything else, such as `storage:app` | nothing |"
    yield ""


def _row(rule: ManifestRule) -> str:
    return f"| {rule.name} | {rule.effect.value} | {rule.trigger} | {rule.example} |"
