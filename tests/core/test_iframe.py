"""The address of an app's frame."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.errors import InvalidInputError
from tradepost.core.iframe import absolute, add_parameters, add_token, frame_parameters, frame_url

BASE = "https://app.example.com/base/"
STANDARD = {
    "site_origin": "https://site.example",
    "context_path": "/alpha",
    "app_key": "com.example.app",
    "module_key": "panel",
    "license_word": "none",
}


def test_the_parameters_come_in_the_order_of_the_reference():
    assert frame_parameters(**STANDARD) == [
        ("xdm_e", "https://site.example"),
        ("xdm_c", "channel-com.example.app__panel"),
        ("cp", "/alpha"),
        ("xdm_deprecated_addon_key_do_not_use", "com.example.app"),
        ("lic", "none"),
        ("cv", "1001.0.0-SNAPSHOT"),
    ]


def test_an_edition_a_dialog_and_what_it_carries_are_sent_where_there_are_some():
    found = frame_parameters(
        **STANDARD, capability_set="capabilityAdvanced", dialog=True, simple_dialog=True, ui_params="x"
    )

    assert [name for name, _ in found][4:] == ["lic", "capSet", "cv", "dialog", "simpleDialog", "ui-params"]
    assert dict(found)["dialog"] == "1"


def test_an_empty_context_path_is_sent_as_such():
    assert ("cp", "") in frame_parameters(**(STANDARD | {"context_path": ""}))


def test_the_modules_own_parameters_come_first_and_the_token_last():
    url = frame_url(
        BASE, "/panel?issue={issue.key}&x=a b#top", {"issue.key": "D 1"}, [("xdm_e", "https://s"), ("cp", "")]
    )

    assert url == "https://app.example.com/base/panel?issue=D%201&x=a%20b&xdm_e=https%3A%2F%2Fs&cp=#top"
    assert add_token(url, "a.b.c").endswith("&cp=&jwt=a.b.c#top")


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("/panel", "https://app.example.com/base/panel?a=1"),
        ("panel", "https://app.example.com/base/panel?a=1"),
        ("", "https://app.example.com/base?a=1"),
        ("?", "https://app.example.com/base?a=1"),
        ("?b=2&", "https://app.example.com/base?b=2&a=1"),
        ("#x?y", "https://app.example.com/base?a=1#x?y"),
        ("https://app.example.com/other", "https://app.example.com/other?a=1"),
        ("/ü/{q}?ü=%20", "https://app.example.com/base/%C3%BC/?%C3%BC=%20&a=1"),
        ("/a}b", "https://app.example.com/base/a%7Db?a=1"),
    ],
)
def test_an_address_stands_below_the_base_url(url, whole):
    assert frame_url(BASE, url, {}, [("a", "1")]) == whole


def test_no_value_makes_an_address_absolute():
    assert frame_url(BASE, "{a}", {"a": "https:"}, []) == "https://app.example.com/base/https%3A"
    with pytest.raises(InvalidInputError):
        frame_url(BASE, "{a}", {"a": "https://evil.example"}, [])


def test_braces_in_the_base_url_are_no_variables():
    assert frame_url("https://a.example/{x}", "/{x}", {"x": "1"}, []) == "https://a.example/{x}/1"


def test_inline_conditions_are_asked():
    url = frame_url(BASE, "/p?a={condition.user_is_admin}", {}, [], condition=lambda name, _: name == "user_is_admin")

    assert url == "https://app.example.com/base/p?a=true"


def test_without_parameters_an_address_stays_as_it_is():
    assert add_parameters("/a#b", []) == "/a#b"
    assert absolute("https://a.example", "b") == "https://a.example/b"


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=8)), min_size=1, max_size=4))
def test_parameters_come_back_as_they_went_in(parameters):
    url = frame_url(BASE, "/p?own=1#x", {}, parameters)

    assert parse_qsl(urlsplit(url).query, keep_blank_values=True) == [("own", "1"), *parameters]
    assert urlsplit(url).fragment == "x"
