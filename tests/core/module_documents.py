"""Modules and conditions for tests: good ones, and strategies that make and spoil them."""

from typing import Any

from hypothesis import strategies as st
from tests.core.documents import good

from tradepost.core.condition_names import PREDEFINED

SUPPORTED = sorted(name for name, known in PREDEFINED.items() if known.supported)
UNSUPPORTED = sorted(name for name, known in PREDEFINED.items() if not known.supported)

GOOD: dict[str, dict[str, Any]] = {
    "generalPages": {"key": "page", "name": {"value": "Page"}, "url": "/page?a={project.key}"},
    "adminPages": {"key": "admin", "name": {"value": "Admin"}, "url": "/admin"},
    "configurePage": {"key": "configure", "name": {"value": "Configure"}, "url": "/configure"},
    "postInstallPage": {"key": "start", "name": "Start", "url": "/start"},
    "jiraProjectPages": {"key": "project", "name": {"value": "Project"}, "url": "/project/{project.id}"},
    "jiraProjectAdminTabPanels": {
        "key": "tab", "name": {"value": "Tab"}, "url": "/tab", "location": "projectgroup4", "params": {"a": "1"},
    },
    "jiraProfileTabPanels": {"key": "profile", "name": {"value": "Profile"}, "url": "/profile"},
    "webPanels": {
        "key": "panel", "name": {"value": "Panel"}, "url": "/panel", "location": "atl.jira.view.issue.right.context",
        "weight": 10, "tooltip": {"value": "Look"},
    },
    "jiraIssueContexts": {
        "key": "context", "name": {"value": "Context"}, "content": {"type": "label"},
        "target": {"type": "web_panel", "url": "/context?issue=${issue.key}"},
    },
    "jiraIssueGlances": {
        "key": "glance", "name": {"value": "Glance"}, "target": {"type": "web_panel", "url": "/glance"},
    },
    "jiraIssueContents": {
        "key": "content", "name": {"value": "Content"}, "target": {"type": "web_panel", "url": "content"},
    },
    "webItems": {
        "key": "item", "name": {"value": "Item"}, "url": "/item", "location": "operations",
        "target": {"type": "Dialog", "options": {"width": "400px"}}, "context": "ADDON",
    },
    "webSections": {"key": "section", "name": {"value": "Section"}, "location": "operations"},
    "dialogs": {"key": "dialog", "url": "/dialog", "options": {"width": "400px"}},
    "webhooks": {"event": "jira:issue_updated", "url": "/updated/{issue.id}", "excludeBody": False},
}  # fmt: skip
"""One module of every supported type."""


def with_module(kind: str = "generalPages", **changes: Any) -> dict[str, Any]:
    """A descriptor with one module of the type, with some of its fields replaced."""
    return good(modules={kind: [GOOD[kind] | changes]})


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 300), st.sampled_from(["", "a", "/a", "x.y", "true", "1"])
)
json_values = st.recursive(
    scalars | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "condition", "and", "or", "value"]), inner, max_size=3)
    ),
    max_leaves=8,
)
param_values = st.one_of(
    scalars, st.lists(scalars, max_size=2), st.sampled_from(["capabilityAdvanced", '["a", 1]', "a..b"])
)
params = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ["entity", "propertyKey", "objectName", "value", "contextParam", "permission", "applicationKey"],
            param_values,
        ),
    ),
    scalars,
)
names = st.one_of(st.sampled_from(SUPPORTED), st.sampled_from([*UNSUPPORTED[:3], "no_such_name", "", 7, None]))
single_conditions = st.fixed_dictionaries(
    {"condition": names}, optional={"invert": st.one_of(st.booleans(), scalars), "params": params}
)


def _composites(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3)
    kinds = st.sampled_from(["and", "AND", "Or", "or", "xor", None, 1])
    return st.one_of(
        several.map(lambda parts: {"and": parts}),
        several.map(lambda parts: {"or": parts}),
        st.tuples(several, kinds).map(lambda found: {"conditions": found[0], "type": found[1]}),
        st.tuples(several, scalars).map(lambda found: {"or": found[0], "invert": found[1]}),
        several.map(lambda parts: {"conditions": parts}),
        several.map(lambda parts: {"and": parts, "or": parts}),
    )


conditions = st.recursive(st.one_of(single_conditions, single_conditions, scalars), _composites, max_leaves=5)
"""Right and wrong conditions."""

_urls = st.sampled_from(
    ["/a", "a/b?c={issue.key}", "", "/a b", "/a{x y}", "{x", "/\\a", "//a", "mailto:a", "https://app.example.com/a"]
)
_keys = st.sampled_from(["a", "A-1", "a_b", "a\n", "", "x" * 101])
_targets = st.one_of(
    scalars,
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(st.sampled_from(["page", "DIALOG", "dialogmodule", "web_panel", "mail"]), scalars),
            "options": st.one_of(st.just({"a": 1}), scalars),
            "url": st.one_of(_urls, scalars),
        },
    ),
)
_fields = {
    "key": st.one_of(_keys, scalars),
    "name": st.one_of(st.just({"value": "A"}), st.just({"value": 1}), scalars),
    "tooltip": st.one_of(st.just({"i18n": "a"}), scalars),
    "url": st.one_of(_urls, scalars),
    "location": st.one_of(st.just("x" * 1001), scalars),
    "event": scalars,
    "weight": scalars,
    "params": st.one_of(st.just({"a": [1]}), scalars),
    "context": st.one_of(st.sampled_from(["addon", "Product", "dialog"]), scalars),
    "target": _targets,
    "conditions": st.one_of(conditions, st.lists(conditions, max_size=3)),
}


@st.composite
def module_documents(draw: st.DrawFn) -> dict[str, Any]:
    """A descriptor with a few modules in which a few fields are spoiled."""
    modules: dict[str, Any] = {}
    for kind in draw(st.lists(st.sampled_from([*GOOD, "unknownKind"]), min_size=1, max_size=3, unique=True)):
        module = dict(GOOD.get(kind, {}))
        for name in draw(st.lists(st.sampled_from(sorted(_fields)), max_size=2, unique=True)):
            module[name] = draw(_fields[name])
        if module and draw(st.integers(0, 5)) == 0:
            del module[draw(st.sampled_from(sorted(module)))]
        modules[kind] = draw(st.sampled_from([module, [module], [module], [module, 7], []]))
    return good(modules=modules)
