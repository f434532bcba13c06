"""Scopes: what they imply and what they are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.documents import SCOPES

from tradepost.core.scopes import KNOWN, canonical, expand, plain_words


@pytest.mark.parametrize(
    ("declared", "rights"),
    [
        ([], set()),
        (["NONE"], set()),
        (["read"], {"READ"}),
        (["Write"], {"WRITE", "READ"}),
        (["DELETE"], {"DELETE", "WRITE", "READ"}),
        (["PROJECT_ADMIN"], {"PROJECT_ADMIN", "DELETE", "WRITE", "READ"}),
        (["SPACE_ADMIN"], {"SPACE_ADMIN", "DELETE", "WRITE", "READ"}),
        (["ADMIN"], {"ADMIN", "PROJECT_ADMIN", "SPACE_ADMIN", "DELETE", "WRITE", "READ"}),
        (["ACT_AS_USER"], {"ACT_AS_USER"}),
        (["ACCESS_EMAIL_ADDRESSES"], {"ACCESS_EMAIL_ADDRESSES"}),
        (["read:jira-work"], {"READ:JIRA-WORK"}),
    ],
)
def test_a_scope_grants_itself_and_what_it_implies(declared, rights):
    assert expand(declared) == rights


@pytest.mark.parametrize("stranger", ["adm\u0131n", "ADM\u0131N", " ADMIN", "ADMIN ", "\uff21DMIN", "wr\u0131te"])
def test_a_scope_that_only_looks_like_a_known_one_grants_only_itself(stranger):
    assert len(expand([stranger])) == 1
    assert canonical(stranger) not in KNOWN


def test_a_host_product_may_bring_its_own_implications():
    chain = {"OWNER": frozenset({"EDITOR"}), "EDITOR": frozenset({"VIEWER"})}

    assert expand(["owner"], implications=chain) == {"OWNER", "EDITOR", "VIEWER"}


@given(st.lists(st.sampled_from(SCOPES)), st.lists(st.sampled_from(SCOPES)))
def test_rights_grow_with_scopes_and_expanding_twice_adds_nothing(some, more):
    assert expand(some) <= expand(some + more)
    assert expand(expand(some)) == expand(some)


@pytest.mark.parametrize("name", [*KNOWN, "READ_MAIL"])
def test_every_scope_can_be_said_in_plain_words(name):
    assert plain_words(name)
    assert plain_words(name.lower()) == plain_words(name)
