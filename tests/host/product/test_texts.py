"""Queries and structured texts: what is understood, and what is refused by name."""

import pytest
from tests.host.product.conftest import MINUTE, NOW, Place

from tradepost.core.errors import InvalidInputError
from tradepost.host.product import commands
from tradepost.host.product.adf import to_document, to_text
from tradepost.host.product.commands import Edit
from tradepost.host.product.jql import Search, Term, parse_jql
from tradepost.host.product.queries import find_issues


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("project = DEMO", (Term("project", ("DEMO",), False),)),
        ('PROJECT="Demo project"', (Term("project", ("Demo project",), False),)),
        ("key in (DEMO-1,DEMO-2)", (Term("key", ("DEMO-1", "DEMO-2"), False),)),
        ("issuekey not in ('A-1')", (Term("key", ("A-1",), True),)),
        ("assignee = currentUser()", (Term("assignee", ("currentUser()",), False),)),
        ("assignee is EMPTY", (Term("assignee", ("",), False),)),
        ("assignee is not null", (Term("assignee", ("",), True),)),
        (r'summary ~ "a \"b\" c"', (Term("summary", ('a "b" c',), False),)),
        ('status != Done and text !~ "x"', (Term("status", ("Done",), True), Term("text", ("x",), True))),
        ('project = "and" AND status = "order"', (Term("project", ("and",), False), Term("status", ("order",), False))),
    ],
)
def test_terms_are_read(text: str, terms: tuple[Term, ...]) -> None:
    assert parse_jql(text) == Search(terms)


def test_an_order_is_read() -> None:
    assert parse_jql("order by updated DESC, key asc, summary").order == (
        ("updated", True),
        ("key", False),
        ("summary", False),
    )


@pytest.mark.parametrize(
    "text",
    [
        "project",
        "project =",
        "project DEMO",
        "sprint = 1",
        "project = A OR project = B",
        "NOT project = A",
        "(project = A)",
        "project = A project = B",
        "created > -1d",
        "assignee = membersOf(x)",
        "summary = x",
        "project ~ x",
        "project in ()",
        "project in (A",
        "project = A ORDER",
        "ORDER BY rank",
        "ORDER BY key key",
        "ORDER BY key,",
        'project = "A',
        "project = A AND",
        "assignee is x",
        "x" * 2001,
        " AND ".join(["project = A"] * 21),
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_jql(text)
    assert caught.value.pointer == "/jql"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ORDER BY key", ["DEMO-1", "DEMO-2", "DEMO-3", "DEMO-4", "DEMO-5"]),
        ("project = DEMO AND status = Done", ["DEMO-1"]),
        ("status = 'in progress' ORDER BY key desc", ["DEMO-3", "DEMO-2"]),
        ("status != Done ORDER BY key", ["DEMO-2", "DEMO-3", "DEMO-4", "DEMO-5"]),
        ("statusCategory = new ORDER BY key", ["DEMO-4", "DEMO-5"]),
        ("assignee = currentUser() ORDER BY key", ["DEMO-5"]),
        ("assignee is EMPTY AND status = 'To Do'", ["DEMO-4"]),
        ("key in (demo-2, DEMO-99, nonsense)", ["DEMO-2"]),
        ("text ~ PLANT", ["DEMO-2"]),
        ("project = NONE", []),
        ("project = 99999999999999999999", []),
    ],
)
def test_searches_find_what_they_say(place: Place, text: str, keys: list[str]) -> None:
    uma = place.actor("uma")
    commands.edit_issue("DEMO-5", Edit(assignee=uma.account_id), by=uma, now=NOW + MINUTE)

    assert [issue.key for issue in find_issues(uma, parse_jql(text))] == keys


@pytest.mark.parametrize(
    "text",
    ["one line", "two\nlines", "two\n\nparagraphs", "a\n\n\nb", "", "  indented", "<b>&amp;</b>", "trailing\n\n x"],
)
def test_plain_texts_go_into_documents_and_come_out_again(text: str) -> None:
    assert to_text(to_document(text), field="body") == text or "\n\n\n" in text


def test_documents_lose_their_shape_and_keep_their_words() -> None:
    item = {"type": "listItem", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "one"}]}]}
    document = {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "heading", "attrs": {"level": 1}, "content": [{"type": "text", "text": "Head"}]},
            {"type": "bulletList", "content": [item, item]},
            {"type": "mediaSingle", "content": []},
            {"type": "paragraph", "content": [{"type": "mention", "attrs": {"id": "1", "text": "@ann"}}]},
        ],
    }
    assert to_text(document, field="body") == "Head\n\none\none\n\n@ann"
    assert to_text("plain", field="body") == "plain"
    assert to_text(None, field="body") == ""


@pytest.mark.parametrize("value", [7, [], {"type": "paragraph"}, {"type": "doc", "content": ["text"]}])
def test_what_is_no_document_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError):
        to_text(value, field="body")


def test_documents_have_a_depth() -> None:
    node: dict = {"type": "text", "text": "deep"}
    for _ in range(40):
        node = {"type": "blockquote", "content": [node]}
    with pytest.raises(InvalidInputError):
        to_text({"type": "doc", "content": [node]}, field="body")
