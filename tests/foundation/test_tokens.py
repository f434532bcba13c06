from datetime import timedelta
from uuid import UUID

import pytest
from tests.foundation.people import browser, person, program, token_for

from tradepost.core.errors import ForbiddenError, InvalidInputError, NotFoundError, UnauthenticatedError
from tradepost.foundation import tokens
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import machine_now, move_clock
from tradepost.foundation.models import ApiToken, AuditEntry

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def make(user, *scopes, name="ci", lives=DAY, by=None):
    return tokens.make_token(
        by=by or Caller(user), name=name, scopes=scopes, expires_in=lives, service="marketplace", now=machine_now()
    )


def test_a_token_speaks_for_its_maker_with_its_scopes_only():
    user = person()
    _, plain = make(user, "apps:read")
    caller = tokens.authenticate(plain, now=machine_now())
    assert (caller.user, caller.scopes) == (user, frozenset({"apps:read"}))
    with pytest.raises(ForbiddenError):
        caller.require("apps:write")


def test_the_database_holds_only_a_hash_and_the_beginning():
    token, plain = make(person(), "apps:read")
    assert plain.startswith("tp_")
    row = ApiToken.objects.filter(pk=token.pk).values().get()
    assert plain not in str(row)
    assert row["prefix"] == plain[:9]


def test_an_expired_token_is_refused_by_machine_time_and_not_by_domain_time():
    _, plain = make(person(), "apps:read", lives=DAY)
    move_clock(machine_now() + 30 * DAY)
    assert tokens.authenticate(plain, now=machine_now())
    with pytest.raises(UnauthenticatedError):
        tokens.authenticate(plain, now=machine_now() + DAY)


def test_a_revoked_token_is_refused_and_revoking_twice_is_recorded_once():
    user = person()
    token, plain = make(user, "apps:read")
    for _ in range(2):
        tokens.revoke(token.pk, by=Caller(user), service="marketplace", now=machine_now())
    with pytest.raises(UnauthenticatedError):
        tokens.authenticate(plain, now=machine_now())
    assert [e.action for e in AuditEntry.objects.order_by("recorded_at")] == ["token.made", "token.revoked"]


def test_the_tokens_of_an_inactive_person_are_refused():
    user = person()
    _, plain = make(user, "apps:read")
    user.is_active = False
    user.save()
    with pytest.raises(UnauthenticatedError):
        tokens.authenticate(plain, now=machine_now())


@pytest.mark.parametrize("text", ["", "tp_", "tp_unknown", "tph_other", "tp_\u00e9\u0000"])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(UnauthenticatedError):
        tokens.authenticate(text, now=machine_now())


def test_a_token_cannot_make_tokens():
    user = person()
    with pytest.raises(ForbiddenError):
        make(user, "apps:read", by=Caller(user, frozenset({"apps:read"})))


def test_only_operators_make_tokens_that_operate():
    with pytest.raises(ForbiddenError):
        make(person(), "operate")
    assert make(person("op@example.com", operator=True), "operate")


def test_a_token_that_operates_loses_that_with_its_maker():
    user = person(operator=True)
    _, plain = make(user, "operate")
    user.is_operator = False
    user.save()
    assert not tokens.authenticate(plain, now=machine_now()).is_operator


def test_an_operators_token_without_the_scope_is_no_operator():
    _, plain = make(person(operator=True), "apps:read")
    assert not tokens.authenticate(plain, now=machine_now()).is_operator


@pytest.mark.parametrize(
    ("scopes", "name", "lives", "pointer"),
    [
        ((), "ci", DAY, "/scopes"),
        (("everything",), "ci", DAY, "/scopes"),
        (("apps:read",), "  ", DAY, "/name"),
        (("apps:read",), "x" * 101, DAY, "/name"),
        (("apps:read",), "ci", timedelta(0), "/expires_in"),
        (("apps:read",), "ci", timedelta(days=366, seconds=1), "/expires_in"),
    ],
)
def test_a_token_that_cannot_be_says_what_is_wrong(scopes, name, lives, pointer):
    with pytest.raises(InvalidInputError) as caught:
        make(person(), *scopes, name=name, lives=lives)
    assert caught.value.pointer == pointer


def test_use_is_noted_at_most_once_a_minute():
    _, plain = make(person(), "apps:read")
    now = machine_now()
    for seconds in (0, 30, 59, 61):
        tokens.authenticate(plain, now=now + timedelta(seconds=seconds))
        expected = now + timedelta(seconds=61 if seconds == 61 else 0)
        assert ApiToken.objects.get().last_used_at == expected


def test_somebody_elses_token_does_not_exist():
    token, _ = make(person(), "apps:read")
    with pytest.raises(NotFoundError):
        tokens.revoke(token.pk, by=Caller(person("eve@example.com")), service="marketplace", now=machine_now())


def test_the_page_shows_a_new_token_once_and_is_not_kept():
    client = browser(person())
    made = client.post("/you/tokens/new/", {"name": "ci", "scopes": ["apps:read"], "days": "30"})
    plain = made.context["plain"]
    assert plain in made.text
    assert made["Cache-Control"] == "no-store"
    assert plain not in client.get("/you/tokens/").text
    assert program(plain).get("/api/1/me").json()["scopes"] == ["apps:read"]


def test_the_page_offers_operate_to_operators_only():
    assert "operate" not in browser(person()).get("/you/tokens/new/").text
    refused = browser(person("b@example.com")).post(
        "/you/tokens/new/", {"name": "x", "scopes": ["operate"], "days": "30"}
    )
    assert refused.status_code == 422
    assert not ApiToken.objects.exists()
    assert "operate" in browser(person("op@example.com", operator=True)).get("/you/tokens/new/").text


def test_the_page_revokes():
    client = browser(person())
    client.post("/you/tokens/new/", {"name": "ci", "scopes": ["apps:read"], "days": "30"})
    token = ApiToken.objects.get()
    assert client.post(f"/you/tokens/{token.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_rest_lists_tokens_without_secrets_in_pages_and_revokes_them():
    user = person()
    plains = [token_for(user) for _ in range(3)]
    client = program(plains[0])
    first = client.get("/api/1/tokens?limit=2").json()
    second = client.get("/api/1/tokens", {"limit": 2, "after": first["next"]}).json()
    assert len({each["id"] for each in first["items"] + second["items"]}) == 3
    assert second["next"] is None
    assert not any(plain in str(first) + str(second) for plain in plains)
    other = next(t for t in ApiToken.objects.all() if t.prefix != plains[0][:9])
    assert client.delete(f"/api/1/tokens/{other.pk}").status_code == 204
    assert client.delete(f"/api/1/tokens/{UUID(int=1)}").status_code == 404
