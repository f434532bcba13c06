"""Access tokens by REST: who may do what, and what comes back."""

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.test_rest import Program
from tests.marketplace.wire_client import APP, site_id

from tradepost.marketplace.tokens import queries
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db

PLACE = f"/listings/{APP}/tokens"


@pytest.fixture
def program(listing, owner):
    return Program(owner, "apps:read", "apps:write")


def test_the_way_of_a_token_from_making_to_removal(program, holder):
    made = program.post(PLACE, {"name": "Tess", "expires_at": "2027-03-02T09:00:00Z"})
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["state"], told["prefix"], told["site"]) == ("unbound", told["token"][:10], None)
    assert told["link"].endswith(told["token"])
    assert made["Cache-Control"] == "no-store"
    place = f"{PLACE}/{told['id']}"

    renewed = program.post(f"{place}/links")
    assert renewed.status_code == 201
    assert queries.find_by_secret(told["token"]) is None

    holder.check((1, {}))
    holder.apply(renewed.json()["token"])
    (kept,) = program.get(PLACE).json()["items"]
    assert kept["site"] == {"site": str(site_id(1)), "name": "Site 1", "base_url": "http://site1.test"}
    assert (kept["state"], kept["applied"], kept["bound_by"]) == ("bound", True, "ann@site.test")
    assert "token" not in kept
    assert "link" not in kept

    changed = program.put(f"{place}/simulation", {"simulated": "INACTIVE_TRIAL"})
    assert (changed.status_code, changed.json()["simulated"]) == (200, "INACTIVE_TRIAL")
    assert program.post(f"{place}/links").status_code == 409

    removed = program.delete(place)
    assert (removed.status_code, removed.json()["state"], removed.json()["applied"]) == (200, "removed", False)
    assert program.get(place).json()["removed_by"] == "owner@acme.test"


def test_a_token_that_nobody_names_is_made_too(program):
    assert program.post(PLACE, {}).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "x" * 101}, "/name"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"expires_at": "2027-01-01T00:00:00"}, "/expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "/expires_at"),
        ({"expires_at": "soon"}, "/expires_at"),
    ],
)
def test_what_is_wrong_with_a_new_token_is_said_with_its_place(program, body, pointer):
    answer = program.post(PLACE, body)

    assert answer.status_code == 422, answer.content
    assert answer.json()["problems"][0]["pointer"].startswith(pointer)
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("body", [{"simulated": "RUNNING"}, {"edition": "gold"}, {}])
def test_what_cannot_be_simulated_is_refused(program, made, body):
    assert program.put(f"{PLACE}/{made.token.pk}/simulation", body).status_code == 422


def test_lists_come_in_pages(program):
    for _ in range(3):
        program.post(PLACE, {})
    first = program.get(f"{PLACE}?limit=2").json()
    second = program.get(f"{PLACE}?limit=2&after={first['next']}").json()

    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert len({each["id"] for each in first["items"] + second["items"]}) == 3


def test_reading_and_writing_need_their_scopes(made, owner):
    reader, writer = Program(owner, "apps:read"), Program(owner, "apps:write")
    place = f"{PLACE}/{made.token.pk}"

    assert reader.get(place).status_code == 200
    assert writer.get(place).status_code == 403
    assert reader.post(PLACE, {}).status_code == 403
    assert reader.delete(place).status_code == 403
    assert reader.post(f"{place}/links").status_code == 403
    assert reader.put(f"{place}/simulation", {"simulated": "NONE"}).status_code == 403


def test_another_vendors_tokens_are_not_there(made, stranger):
    program, place = Program(stranger, "apps:read", "apps:write"), f"{PLACE}/{made.token.pk}"
    answers = [
        program.get(PLACE),
        program.post(PLACE, {}),
        program.get(place),
        program.delete(place),
        program.post(f"{place}/links"),
        program.put(f"{place}/simulation", {"simulated": "NONE"}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert AccessToken.objects.get().state == "unbound"


def test_an_operator_may_help_a_vendor(made, operator):
    program = Program(operator, "apps:read", "apps:write", "operate")

    assert program.get(f"{PLACE}/{made.token.pk}").json()["created_at"] == START.isoformat().replace("+00:00", "Z")
    assert program.delete(f"{PLACE}/{made.token.pk}").json()["removed_by"] == operator.actor
