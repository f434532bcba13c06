"""Draws docs/reference/conditions.md from the table of predefined conditions, and the schema of descriptors."""

import json
from collections.abc import Iterator

from tradepost.core.condition_names import GLOBAL_PERMISSIONS, PREDEFINED, PROJECT_PERMISSIONS, PredefinedCondition
from tradepost.core.condition_shape import MOST_CONDITIONS, MOST_NESTED
from tradepost.core.schema import descriptor_schema

HEAD = f"""# Conditions

Drawn from `src/tradepost/core/condition_names.py` by `python -m tradepost.testing.draw`; a test fails when this page is
out of date.

Conditions in a descriptor decide whether a module shows to a viewer. They are judged on the server, for every viewer
and place anew. They only hide things: an app must still check by itself who may do what.

## How they are written

* One: `{{"condition": "user_is_admin", "invert": false, "params": {{}}}}`. `invert` and `params` may be left out.
* Several: `{{"and": [...]}}` or `{{"or": [...]}}`, inside each other as you like, or in the older form
  `{{"conditions": [...], "type": "AND"}}`, the type in any letter case. Only a single condition can be inverted.
* The list in a module's `conditions` is an `and`.
* In an address, `{{condition.has_project_permission(permission=BROWSE_PROJECTS)}}` becomes `true` or `false`.

A module has at most {MOST_CONDITIONS} conditions, nested at most {MOST_NESTED} levels deep.

## What never shows

A name that is unknown or not supported hides its module wherever it stands, with `invert` or without, and so do a wrong
shape and a missing parameter. All of it is a warning when the app is listed, by its name in [the rules](../rules.md).
A remote condition, whose name is an address (`https://...` or `/...`), refuses the descriptor.

An inverted condition is true for everybody for whom it cannot be true: `capability_set` with `invert` shows the module
to sites without a license too.

## How properties are compared

A missing entity, property or path is like nothing: the condition is false. Texts, numbers, booleans and null are
compared as text, objects as JSON without spaces and whatever the order of their keys, lists item by item. 1 and 1.0 are
the same number. `value` is a text or a list of them; a text counts as a list of one, and as the JSON it may be:
`"[\\"a\\", \\"b\\"]"` is a list too. `objectName` leads into objects, part by part between its dots.

| `entity` | is |
|---|---|
| `addon` | the app at this site |
| `project`, `issue` | those of the page |
| `user` | the viewer |

Other entities have no properties here.
"""


def draw() -> str:
    """Return the page of conditions."""
    common = [known for known in PREDEFINED.values() if known.supported and "confluence" in known.products]
    jira = [known for known in PREDEFINED.values() if known.supported and "confluence" not in known.products]
    others = [known for known in PREDEFINED.values() if not known.supported]
    return "\n".join(
        [
            HEAD,
            *_table("In every product", common),
            *_table("In Jira", jira),
            *_table("In Confluence", others),
            "## Permissions\n",
            "In a project or on an issue: " + _words(PROJECT_PERMISSIONS) + ".\n",
            "In the whole site: " + _words(GLOBAL_PERMISSIONS) + ".\n",
            "An app's own permission is written `<app key>__<permission key>`.",
            "",
        ]
    )


def draw_schema() -> str:
    """Return the schema of descriptors as JSON."""
    return json.dumps(descriptor_schema(), indent=2) + "\n"


def _table(title: str, conditions: list[PredefinedCondition]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| name | parameters | supported | what it asks, or why it is not supported |"
    yield "|---|---|---|---|"
    for known in conditions:
        params = ", ".join(f"`{each.name}`" + ("" if each.required else " (optional)") for each in known.params)
        yield f"| `{known.name}` | {params} | {'yes' if known.supported else 'no'} | {known.why} |"
    yield ""


def _words(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
