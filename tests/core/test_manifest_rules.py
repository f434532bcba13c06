"""Every row of the tables of majors and minors, there and back. Rows are (before, after, rules there, rules back)."""

import pytest
from tests.core import manifest_oracle as oracle
from tests.core.manifest_documents import read

from tradepost.core.manifest_explained import MANIFEST_RULES, Area, Effect
from tradepost.core.manifest_release import compare_manifests
from tradepost.core.version import Change

NOTHING = "app: {id: a}"


def permissions(text):
    return f"permissions: {{{text}}}"


def external(text):
    return permissions(f"external: {{{text}}}")


def remote(text, more=""):
    return f"remotes: [{{key: r, {text}}}]\n{more}"


def trigger(text=""):
    return f"modules: {{webtrigger: [{{key: w, function: f{text}}}]}}"


def app(text):
    return f"app: {{{text}}}"


STATIC = trigger(", response: {type: static}")
BACKEND_A = external("fetch: {backend: [https://a]}")

ROWS = [
    # Scopes: a set of names, any difference is major.
    (permissions("scopes: [x]"), permissions("scopes: [x, y]"), "manifest_scope.added", "manifest_scope.removed"),
    (permissions("scopes: [x]"), permissions("scopes: {x: {allowImpersonation: true}, y: }"),
     "manifest_scope.added", "manifest_scope.removed"),
    (permissions("scopes: [x]"), permissions("scopes: [y]"), "manifest_scope.added manifest_scope.removed",
     "manifest_scope.added manifest_scope.removed"),
    (NOTHING, permissions("scopes: [x]"), "manifest_scope.added", "manifest_scope.removed"),
    # Egress entries: (kind, address, category, flag).
    *[(NOTHING, external(f"{kind}: [https://a]"), "egress.added", "egress.removed")
      for kind in ("images", "scripts", "styles", "fonts", "frames", "media")],
    (NOTHING, BACKEND_A, "egress.added", "egress.removed"),
    (NOTHING, external("fetch: {client: [https://a]}"), "egress.added", "egress.removed"),
    (BACKEND_A, external("fetch: {client: [https://a]}"), "egress.added egress.removed", "egress.added egress.removed"),
    (external("images: [https://a]"), external("images: [{address: https://a, category: analytics}]"),
     "egress.changed", "egress.changed"),
    (external("images: [https://a]"), external("images: [{address: https://a, inScopeEUD: true}]"),
     "egress.changed", "egress.changed"),
    (external("images: [{address: https://a, category: b}]"), external("images: [{address: https://a, category: c}]"),
     "egress.changed", "egress.changed"),
    (external("images: [https://a]"), external("images: [https://a, {address: https://a, category: b}]"),
     "egress.changed", "egress.removed"),
    (external("images: [https://a]"), external("images: [https://a/]"), "egress.added egress.removed",
     "egress.added egress.removed"),
    (external("fetch: {backend: [{remote: r}]}"), external("fetch: {backend: [r]}"),
     "egress.added egress.removed", "egress.added egress.removed"),
    # `permissions.content`, and customer-managed addresses.
    (NOTHING, permissions("content: {styles: [unsafe-inline]}"), "content.added", "content.removed"),
    (permissions("content: {styles: [a]}"), permissions("content: {scripts: [a]}"), "content.added content.removed",
     "content.added content.removed"),
    (NOTHING, external("configurable: {enabled: true}"), "egress.opened", "egress.closed"),
    (external("configurable: {enabled: false}"), external("configurable: {enabled: true}"), "egress.opened",
     "egress.closed"),
    # Providers: key and client id, any difference is major.
    (NOTHING, "providers: {auth: [{key: p, clientId: c}]}", "provider.added", "provider.removed"),
    ("providers: {auth: [{key: p, clientId: c}]}", "providers: {auth: [{key: p, clientId: d}]}", "provider.changed",
     "provider.changed"),
    ("providers: {auth: [{key: p}]}", "providers: {auth: [{key: q}]}", "provider.added provider.removed",
     "provider.added provider.removed"),
    # Remotes.
    (NOTHING, remote("baseUrl: https://a"), "remote.added", "remote.removed"),
    (NOTHING, "remotes: [{key: r}]", "remote.added", "remote.removed"),
    (NOTHING, remote("configurable: true"), "remote.prepared", "remote.removed"),
    (NOTHING, remote("configurable: {enabled: true}"), "remote.prepared", "remote.removed"),
    (NOTHING, remote("configurable: true, baseUrl: https://a"), "remote.added", "remote.removed"),
    (BACKEND_A, remote("baseUrl: https://a", BACKEND_A), "remote.moved_in", "remote.removed"),
    (BACKEND_A, remote("baseUrl: https://a"), "egress.removed remote.moved_in", "egress.added remote.removed"),
    (BACKEND_A, remote("baseUrl: https://a", external("fetch: {backend: [{remote: r}]}")), "remote.moved_in",
     "remote.removed"),
    (BACKEND_A, remote("baseUrl: {default: https://a, EU: https://b}", BACKEND_A), "remote.added", "remote.removed"),
    (external("fetch: {client: [https://a]}"), remote("baseUrl: https://a", external("fetch: {client: [https://a]}")),
     "remote.added", "remote.removed"),
    (remote("baseUrl: https://a"), remote("baseUrl: https://b"), "region.changed", "region.changed"),
    (remote("baseUrl: https://a"), remote("baseUrl: {default: https://a}"), "manifest.field", "manifest.field"),
    (remote("baseUrl: https://a"), remote("baseUrl: {default: https://a, EU: https://b}"), "region.added",
     "region.removed"),
    (remote("baseUrl: https://a"), remote("baseUrl: {default: https://a, EU: https://a}"), "region.named",
     "region.removed"),
    (remote("baseUrl: https://a"), remote("baseUrl: {EU: https://a}"), "region.named region.removed",
     "region.named region.removed"),
    (remote("baseUrl: {EU: https://a, US: https://b}"), remote("baseUrl: {EU: https://b, US: https://a}"),
     "region.changed region.changed", "region.changed region.changed"),
    (remote("configurable: true, baseUrl: https://a"), remote("configurable: true"), "remote.emptied", "region.added"),
    (remote("configurable: true, baseUrl: {EU: https://a, US: https://b}"),
     remote("configurable: true, baseUrl: {EU: https://a}"), "region.removed", "region.added"),
    (remote("baseUrl: https://a"), "remotes: [{key: r}]", "region.removed", "region.added"),
    (remote("baseUrl: https://a"), remote("baseUrl: https://a, storage: {inScopeEUD: true}"), "remote.stores",
     "remote.stores_no_more"),
    (remote("baseUrl: https://a"), remote("baseUrl: https://a, configurable: true"), "remote.opened", "remote.closed"),
    (remote("baseUrl: https://a"), remote("baseUrl: https://a, operations: [fetch]"), "manifest.field",
     "manifest.field"),
    (remote("baseUrl: https://a"), remote("baseUrl: https://a, auth: {appSystemToken: {enabled: true}}"),
     "manifest.field", "manifest.field"),
    # References to remotes.
    (remote("baseUrl: https://a", external("images: [{remote: r}]")), remote("baseUrl: https://a",
     external("images: [https://a]")), "manifest.field", "manifest.field"),
    (external("images: [{remote: r}]"), remote("baseUrl: https://a", external("images: [{remote: r}]")),
     "egress.added egress.removed remote.added", "egress.added egress.removed remote.removed"),
    (remote("baseUrl: https://a", external("images: [{remote: r}]")),
     remote("baseUrl: {default: https://a, EU: https://b}", external("images: [{remote: r}]")),
     "egress.added region.added", "egress.removed region.removed"),
    # Web triggers: by key and response type, a missing type means dynamic.
    (NOTHING, trigger(), "trigger.dynamic_added", "trigger.removed"),
    (NOTHING, trigger(", response: {type: dynamic}"), "trigger.dynamic_added", "trigger.removed"),
    (NOTHING, STATIC, "trigger.static_added", "trigger.removed"),
    (STATIC, trigger(), "trigger.became_dynamic", "trigger.became_static"),
    (trigger(), trigger(", response: {type: dynamic}"), "deployment.unchanged", "deployment.unchanged"),
    (STATIC, trigger(", title: t, response: {type: static}"), "manifest_module.changed", "manifest_module.changed"),
    # Payment and the Connect key.
    (NOTHING, app("id: a, licensing: {enabled: true}"), "payment.enabled", "payment.disabled"),
    (app("id: a, licensing: {enabled: false}"), app("id: a, licensing: {enabled: true}"), "payment.enabled",
     "payment.disabled"),
    (app("id: a, connect: {key: k}"), app("id: a, connect: {key: l}"), "connect_key.changed", "connect_key.changed"),
    (NOTHING, app("id: a, connect: {key: k}"), "connect_key.added", "connect_key.removed"),
    # Everything else.
    ("modules: {}", "modules: {macro: [{key: m}]}", "manifest_module.added", "manifest_module.removed"),
    ("modules: {}", "connectModules: {'jira:webPanels': [{key: m}]}", "manifest_module.added",
     "manifest_module.removed"),
    ("modules: {function: [{key: m, handler: a}]}", "modules: {function: [{key: m, handler: b}]}",
     "manifest_module.changed", "manifest_module.changed"),
    ("modules: {macro: [{key: m}, {key: n}]}", "modules: {macro: [{key: n}, {key: m}]}", "deployment.unchanged",
     "deployment.unchanged"),
    ("resources: [{key: m, path: a}]", "resources: [{key: m, path: b}]", "manifest.field", "manifest.field"),
    (app("id: a, runtime: {name: nodejs18.x}"), app("id: a, runtime: {name: nodejs22.x}"), "manifest.field",
     "manifest.field"),
    (external("fetch: {images: [a]}"), external("fetch: {images: [a, b]}"), "manifest.field", "manifest.field"),
    (permissions("enforcement: app-managed"), permissions("scopes: []"), "manifest.field", "manifest.field"),
]  # fmt: skip

BOTH_WAYS = [(old, new, there) for old, new, there, _ in ROWS] + [(new, old, back) for old, new, _, back in ROWS]


def with_id(text):
    """Every manifest of one app, so that `app` coming and going is not what a row is about."""
    return text if "app:" in text else f"{text}\n{NOTHING}"


@pytest.mark.parametrize(("old", "new", "expected"), BOTH_WAYS)
def test_a_row_of_the_tables_gives_these_reasons_and_no_other(old, new, expected):
    before, after = read(with_id(old)), read(with_id(new))

    reasons = compare_manifests(before, after)

    wanted = sorted(expected.split())
    told = sorted(reason.rule for reason in reasons)
    assert [rule for rule in told if rule != "manifest.field" or rule in wanted] == wanted
    major = any(MANIFEST_RULES[rule].effect is Effect.MAJOR for rule in wanted)
    assert (reasons[0].change is Change.MAJOR) == major == oracle.is_major(before.document, after.document)


def test_the_rows_try_every_rule_that_makes_a_version():
    tried = {rule for _, _, there, back in ROWS for rule in f"{there} {back}".split()}
    ours = {
        rule.name
        for rule in MANIFEST_RULES.values()
        if rule.effect in {Effect.MAJOR, Effect.MINOR} and rule.area is not Area.DEPLOYMENT
    }

    assert tried == ours | {"deployment.unchanged"}


def test_two_remotes_with_one_key_are_one_whatever_their_order():
    one = read("remotes: [{key: r, baseUrl: https://a}, {key: r, baseUrl: {EU: https://b}, configurable: true}]")
    other = read("remotes: [{key: r, baseUrl: {EU: https://b}, configurable: true}, {key: r, baseUrl: https://a}]")

    assert {reason.rule for reason in compare_manifests(one, other)} == {"manifest.field"}


@pytest.mark.parametrize("client", ["007", "7", "0x7", "7.0", "true", "2020-01-01", "1e3", "on", "null "])
def test_text_facts_stay_as_they_were_written(client):
    quoted, plain = (read(f"providers: {{auth: [{{key: p, clientId: {it}}}]}}") for it in (f"'{client}'", client))
    other = read("providers: {auth: [{key: p, clientId: 07}]}")

    wanted = Change.MAJOR if client == "null " else Change.MINOR
    assert compare_manifests(quoted, plain)[0].change is wanted
    assert compare_manifests(plain, other)[0].change is Change.MAJOR


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "on", "Yes", "!!bool true", "'true'", "1"])
def test_a_switch_is_on_in_every_spelling(word):
    off, on = (read(f"app: {{licensing: {{enabled: {it}}}}}") for it in ("false", word))

    assert compare_manifests(off, on)[0].rule == "payment.enabled"
    assert compare_manifests(read("{}"), read("app: {licensing: {enabled: no}}"))[0].change is Change.MINOR


@pytest.mark.parametrize(
    "text",
    [
        "permissions: 5", "permissions: [a]", "permissions: {scopes: a, external: b, content: c}",
        "permissions: {scopes: [[a]], external: {fetch: [a], images: {a: b}, fonts: [[a]], media: [{address: [a]}]}}",
        "permissions: {content: {styles: {a: b}, scripts: [{a: b}]}}", "remotes: {r: https://a}", "remotes: [a, [b]]",
        "remotes: 5", "remotes: [{key: [a], baseUrl: [b], configurable: [c], storage: d}]", "providers: [a]",
        "providers: {auth: {a: b}}", "providers: {auth: [a]}", "modules: [a]", "modules: {webtrigger: a}",
        "modules: {webtrigger: [{key: {a: b}, response: static}]}", "app: a", "app: {id: [a], licensing: true}",
        "app: {licensing: {enabled: [a]}, connect: {key: [a]}}", "app: {connect: a}", "connectModules: [a]",
    ],
)  # fmt: skip
def test_wrong_types_are_problems_with_a_place_and_are_read_all_the_same(text):
    from tradepost.core.manifest_facts import find_manifest_problems

    manifest = read(text)
    problems = find_manifest_problems(manifest)

    assert problems or "connectModules" in text
    assert all(problem.line == 1 and problem.column for problem in problems)
    assert compare_manifests(manifest, manifest)[0].rule == "deployment.unchanged"
    assert compare_manifests(manifest, read("{}"))
    assert compare_manifests(read("{}"), manifest)


def test_named_things_may_stand_in_a_mapping():
    listed = read("remotes: [{key: r, baseUrl: https://a}]\nproviders: {auth: [{key: p, clientId: c}]}")
    mapped = read("remotes: {r: {baseUrl: https://a}}\nproviders: {auth: {p: {clientId: c}}}")

    assert compare_manifests(listed, mapped)[0].change is Change.MINOR
