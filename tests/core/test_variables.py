"""Variables in the addresses of modules."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.errors import InvalidInputError
from tradepost.core.variables import names_in, substitute

VALUES = {"issue.key": "DEMO-1", "project.id": "10000", "name": "Ä b+c/d&e", "many": ["first", "second"], "none": []}


@pytest.mark.parametrize(
    ("url", "filled"),
    [
        ("/panel?issue={issue.key}", "/panel?issue=DEMO-1"),
        ("/panel?issue=${issue.key}", "/panel?issue=DEMO-1"),
        ("/panel?issue={ issue.key }", "/panel?issue=DEMO-1"),
        ("/p/{project.id}/x?k={issue.key}&p={project.id}#{issue.key}", "/p/10000/x?k=DEMO-1&p=10000#DEMO-1"),
        ("/panel?n={name}", "/panel?n=%C3%84%20b%2Bc%2Fd%26e"),
        ("/panel#{name}", "/panel#%C3%84%20b%2Bc%2Fd%26e"),
        ("/panel?n={unknown}&m=${}", "/panel?n=&m="),
        ("/panel/{unknown}", "/panel/"),
        ("/panel?n={many}&m={none}", "/panel?n=first&m="),
        ("/panel?n={issue.key", "/panel?n={issue.key"),
        ("/panel?n={{issue.key}}", "/panel?n=}"),
        ("/panel?a=$1&b=$", "/panel?a=$1&b=$"),
        ("/panel{?}x={name}", None),
    ],
)
def test_a_variable_is_replaced_by_its_encoded_value(url, filled):
    if filled is None:
        with pytest.raises(InvalidInputError, match="name would add a segment"):
            substitute(url, VALUES)
    else:
        assert substitute(url, VALUES) == filled


def test_what_is_filled_in_is_not_read_again():
    assert substitute("/p?a={a}", {"a": "{b}", "b": "secret"}) == "/p?a=%7Bb%7D"


@pytest.mark.parametrize(
    ("url", "value"),
    [
        ("/p/{a}", ".."),
        ("/p/{a}/q?x", "."),
        ("/p/.{a}", "."),
        ("/p/{a}{a}", "."),
        ("/p/%2e{a}", "."),
        ("/p/{a}", "x/y"),
        ("/p/{a}", "/"),
        ("/p/{a}", "..\\x"),
        ("/p/{a}", "a\x00b"),
        ("{a}", ".."),
    ],
)
def test_a_value_that_would_change_the_path_is_refused(url, value):
    with pytest.raises(InvalidInputError):
        substitute(url, {"a": value})


@pytest.mark.parametrize("value", ["...", "a.b", ".a", "%2e%2e", "?", "#", "a b", ""])
def test_other_values_stand_in_the_path_as_they_are(value):
    (segment,) = urlsplit(substitute("/p/{a}", {"a": value})).path.removeprefix("/p/").split("/")

    assert unquote(segment) == value


def test_dots_in_the_query_are_nothing_special():
    assert substitute("/p?a={a}&b=/../", {"a": "../x"}) == "/p?a=..%2Fx&b=/../"


def test_inline_conditions_become_true_or_false():
    asked = []

    def ask(name, params):
        asked.append((name, params))
        return name == "user_is_admin"

    permission = 'has_global_permission(permission=ADMINISTER,x="y z")'
    url = f"/p?a={{condition.user_is_admin}}&b={{condition.{permission}}}&c={{condition.f()}}"

    assert substitute(url, {}, condition=ask) == "/p?a=true&b=false&c=false"
    assert asked == [
        ("user_is_admin", {}),
        ("has_global_permission", {"permission": "ADMINISTER", "x": "y z"}),
        ("f", {}),
    ]


@pytest.mark.parametrize("inline", ["condition.a(b)", "condition.", "condition.a(b=c", "condition.a-b", "condition.id"])
def test_an_inline_condition_that_is_none_is_a_variable_like_any_other(inline):
    def refuse(name, params):
        assert (name, params) == ("id", {})
        return True

    filled = substitute(f"/p?a={{{inline}}}", {}, condition=refuse)

    assert filled == ("/p?a=true" if inline == "condition.id" else "/p?a=")
    assert substitute("/p?a={condition.id}", {"condition.id": "7"}, condition=refuse) == "/p?a=7"


def test_without_a_way_to_ask_an_inline_condition_is_empty():
    assert substitute("/p?a={condition.user_is_admin}", {}) == "/p?a="


def test_the_names_of_an_address_can_be_listed():
    assert names_in("/p/{project.id}?a=${issue.key}&b={ac.x}") == ("project.id", "issue.key", "ac.x")


@given(st.text(max_size=30), st.dictionaries(st.sampled_from(["a", "b"]), st.text(max_size=6)))
def test_whatever_the_value_the_path_keeps_its_segments(tail, values):
    url = "/one/{a}/two?q={b}&r=1"
    try:
        filled = substitute(url, values | {"b": tail})
    except InvalidInputError:
        return

    parts = urlsplit(filled)
    assert parts.path.count("/") == 3
    assert parts.path.split("/")[2] not in {".", ".."}
    assert parts.query.count("&") == 1
    assert not parts.fragment
    assert filled.isascii()
