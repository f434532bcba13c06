"""The modules of a descriptor: what is shown, what is left out and why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.documents import good, modules, values
from tests.core.module_documents import GOOD, module_documents, with_module
from tests.core.test_schema import real_documents

from tradepost.core.descriptor import read_descriptor
from tradepost.core.iframe import absolute
from tradepost.core.module import (
    KINDS,
    Leads,
    Opens,
    Place,
    find_module,
    find_remote_conditions,
    module_problems,
    modules_of,
    unknown_kinds,
)

REMOTE = [{"condition": "/may-i"}]


def only(document):
    (module,) = modules_of(document)
    return module


def problems_of(document):
    return [(problem.pointer, problem.rule) for problem in module_problems(document)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_module_of_every_type_is_read(kind):
    module = only(with_module(kind))

    assert module.kind == kind
    assert module.key == GOOD[kind].get("key", "")
    assert module.raw == GOOD[kind]
    assert module.pointer == f"/modules/{kind}/0"
    assert module.name
    assert module.place is KINDS[kind].place


def test_a_module_says_what_a_page_needs_to_know():
    module = only(
        with_module(
            "webPanels",
            params={"a": 1, "b": [1]},
            weight=7,
            tooltip="Look",
            conditions=[{"condition": "user_is_admin"}],
        )
    )

    assert (module.key, module.name, module.url, module.tooltip) == ("panel", "Panel", "/panel", "Look")
    assert (module.location, module.weight) == ("atl.jira.view.issue.right.context", 7)
    assert (module.leads, module.context, module.framed) == (Leads.APP, "", True)
    assert module.params == {"a": "1"}
    assert [leaf.name for leaf in module.conditions.leaves] == ["user_is_admin"]


def test_what_an_app_leaves_out_has_a_default():
    page, webhook = only(with_module("generalPages")), only(with_module("webhooks"))

    assert (page.weight, page.location, page.target.opens) == (100, "system.top.navigation.bar", Opens.PAGE)
    assert (webhook.key, webhook.name, webhook.framed) == ("", "jira:issue_updated", False)
    assert only(with_module("dialogs")).name == "dialog"


def test_a_glance_stands_where_its_successor_does():
    glance, successor = only(with_module("jiraIssueGlances")), only(with_module("jiraIssueContexts"))

    assert glance.location == successor.location
    assert (glance.url, glance.target.opens, glance.place) == ("/glance", Opens.WEB_PANEL, Place.PANEL)


def test_a_type_may_hold_one_module_without_a_list():
    assert only(good(modules={"configurePage": GOOD["configurePage"]})).pointer == "/modules/configurePage"
    assert only(good(modules={"dialogs": GOOD["dialogs"]})).pointer == "/modules/dialogs"


@pytest.mark.parametrize(
    ("changes", "leads", "opens"),
    [
        ({}, Leads.APP, Opens.DIALOG),
        ({"context": "product", "url": "/browse/{issue.key}"}, Leads.SITE, Opens.DIALOG),
        ({"context": "Page", "url": "?tab=1", "target": None}, Leads.SITE, Opens.PAGE),
        ({"url": "https://other.example/", "target": None, "context": "product"}, Leads.ELSEWHERE, Opens.PAGE),
        ({"url": "https://APP.example.com:443/x", "target": {}}, Leads.APP, Opens.PAGE),
        ({"url": None, "target": {"type": "dialogModule", "options": {"key": "d"}}}, Leads.APP, Opens.DIALOG_MODULE),
    ],
)  # fmt: skip
def test_a_link_leads_into_the_app_the_site_or_elsewhere(changes, leads, opens):
    module = only(with_module("webItems", **changes))

    assert (module.leads, module.target.opens) == (leads, opens)


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/page",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "https://user@app.example.com/",
        "https://app.example.com{issue.key}/",
        "https://{issue.key}/",
        "http://app.example.com/",
        "https://app.example.com:8443/",
        "https://",
        "//evil.example/page",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\\evil.example",
        "\\\\evil.example",
        " /page",
        "/a\n/b",
        "/a b",
        "/../page",
        "a/%2E./b",
        "/page?jwt=mine",
        "/page?a=1&%6Awt=mine",
        "/" + "a" * 2_000,
        7,
    ],
)
def test_an_address_that_leaves_the_app_is_a_problem_and_the_module_is_left_out(url):
    document = with_module("generalPages", url=url)

    assert modules_of(document) == ()
    assert problems_of(document) == [("/modules/generalPages/0/url", "module.url")]


@pytest.mark.parametrize(
    "url", ["/page", "page", "", "?a=b", "#top", "https://app.example.com/x", "/{a b}", "/ü?q={x}#y"]
)
def test_an_address_in_the_app_is_fine(url):
    assert only(with_module("generalPages", url=url)).leads is Leads.APP


@pytest.mark.parametrize(
    ("url", "target"),
    [("javascript:alert(1)", "page"), ("//evil.example", "page"), ("https://other.example/", "dialog")],
)
def test_a_link_elsewhere_is_a_page_on_another_site_and_nothing_else(url, target):
    assert problems_of(with_module("webItems", url=url, target={"type": target})) == [
        ("/modules/webItems/0/url", "module.url")
    ]


@pytest.mark.parametrize(
    ("kind", "changes", "place", "rule"),
    [
        ("generalPages", {"key": None}, "key", "field"),
        ("generalPages", {"key": "my_page"}, "key", "key"),
        ("generalPages", {"key": ""}, "key", "key"),
        ("generalPages", {"key": "a\n"}, "key", "key"),
        ("generalPages", {"key": 7}, "key", "key"),
        ("generalPages", {"name": None}, "name", "field"),
        ("generalPages", {"name": {"i18n": "only"}}, "name", "field"),
        ("generalPages", {"url": None}, "url", "field"),
        ("generalPages", {"weight": "10"}, "weight", "field"),
        ("generalPages", {"weight": True}, "weight", "field"),
        ("generalPages", {"params": []}, "params", "field"),
        ("webPanels", {"location": None}, "location", "field"),
        ("webPanels", {"location": ""}, "location", "field"),
        ("webItems", {"context": "dialog"}, "context", "field"),
        ("webItems", {"target": "dialog"}, "target", "field"),
        ("webItems", {"target": {"type": "mail"}}, "target/type", "field"),
        ("webItems", {"target": {"options": []}}, "target/options", "field"),
        ("jiraIssueContexts", {"target": None}, "target", "field"),
        ("jiraIssueContexts", {"target": {"type": "web_panel"}}, "target/url", "field"),
        ("jiraIssueContexts", {"target": {"url": "//evil.example"}}, "target/url", "url"),
        ("webhooks", {"event": None}, "event", "field"),
        ("webhooks", {"event": ""}, "event", "field"),
    ],
)
def test_a_module_of_a_wrong_shape_is_left_out_and_named(kind, changes, place, rule):
    document = with_module(kind, **changes)

    assert modules_of(document) == ()
    assert problems_of(document) == [(f"/modules/{kind}/0/{place}", f"module.{rule}")]


def test_of_two_modules_with_one_key_the_first_stands():
    twice = [GOOD["generalPages"], GOOD["generalPages"] | {"url": "/other"}]
    document = good(modules={"generalPages": twice, "dialogs": [GOOD["dialogs"] | {"key": "page"}]})

    assert [module.url for module in modules_of(document)] == [twice[0]["url"], "/dialog"]
    assert problems_of(document) == [("/modules/generalPages/1/key", "module.repeated")]


def test_a_module_is_found_by_its_key_framed_ones_first():
    link = GOOD["webItems"] | {"key": "page"}
    found = modules_of(good(modules={"webItems": [link, GOOD["webItems"]], "generalPages": [GOOD["generalPages"]]}))

    assert find_module(found, "page").kind == "generalPages"
    assert find_module(found, "item").kind == "webItems"
    assert find_module(found, "nothing") is None


def test_a_module_whose_conditions_cannot_be_judged_stays_and_never_shows():
    document = with_module(conditions=[{"condition": "user_is_happy"}])

    assert only(document).conditions.hopeless
    assert problems_of(document) == [("/modules/generalPages/0/conditions/0/condition", "condition.unknown")]


def test_unknown_types_are_kept_and_named():
    document = good(modules={"dynamicContentMacros": [{"key": "x"}], "dialogs": [GOOD["dialogs"]]})

    assert unknown_kinds(document) == ("dynamicContentMacros",)
    assert module_problems(document) == ()
    assert listed(document) == (set(), {("/modules/dynamicContentMacros", "module.unknown")})


def listed(document):
    _, problems, warnings = read_descriptor(document)
    return tuple({(found.pointer, found.rule) for found in group} for group in (problems, warnings))


@pytest.mark.parametrize("kind", ["generalPages", "jiraDashboardItems"])
def test_remote_conditions_refuse_the_descriptor_whatever_the_type(kind):
    document = good(modules={kind: [GOOD["generalPages"] | {"conditions": REMOTE}]})

    problems, warnings = listed(document)

    assert problems == {(f"/modules/{kind}/0/conditions/0/condition", "condition.remote")}
    assert "condition.remote" not in {rule for _, rule in warnings}


def test_what_never_shows_is_a_warning_at_listing():
    unknown, wrong = [{"condition": "user_is_happy"}], [{"condition": "capability_set"}]
    panels = [GOOD["webPanels"] | {"key": key, "conditions": found} for key, found in (("a", unknown), ("b", wrong))]

    assert listed(good(modules={"webPanels": [*panels, {"key": "c"}]})) == (
        set(),
        {
            ("/modules/webPanels/0/conditions/0/condition", "condition.unknown"),
            ("/modules/webPanels/1/conditions/0/params/value", "condition.params"),
            *((f"/modules/webPanels/2/{name}", "module.field") for name in ("name", "url", "location")),
        },
    )


@settings(max_examples=200)
@given(st.one_of(module_documents(), modules.map(lambda found: {"modules": found, "baseUrl": 7}), values))
def test_reading_never_fails_and_every_module_is_read_or_named(document):
    document = document if isinstance(document, dict) else {"modules": document}

    read, problems = modules_of(document), module_problems(document)

    unknown_kinds(document)
    list(find_remote_conditions(document))
    named = {problem.pointer for problem in problems}
    for kind, entries in document["modules"].items() if isinstance(document.get("modules"), dict) else ():
        if kind in KINDS:
            for place, _ in enumerate(entries) if isinstance(entries, list) else ():
                at = f"/modules/{kind}/{place}"
                is_named = any(pointer == at or pointer.startswith(f"{at}/") for pointer in named)
                assert is_named or any(module.pointer == at for module in read)


@pytest.mark.real_descriptors
def test_the_modules_of_every_real_descriptor_are_read(real_descriptors):
    count = 0
    for document in real_documents(real_descriptors):
        module_problems(document)
        unknown_kinds(document)
        for module in modules_of(document):
            count += 1
            if module.leads is Leads.APP:
                base_url = document.get("baseUrl") or "https://app.example.com"
                assert absolute(base_url, module.url).startswith(base_url.rstrip("/"))

    assert count > 1_000
