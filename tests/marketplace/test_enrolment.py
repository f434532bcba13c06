"""How a host service comes to its credential, and who does not."""

from datetime import timedelta

import pytest
from tests.marketplace.conftest import START
from tests.marketplace.wire_client import WireHost

from tradepost.core.errors import ConflictError, ForbiddenError, InvalidInputError
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.hosts import commands
from tradepost.marketplace.hosts.models import HostService

pytestmark = pytest.mark.django_db


def enrol(code, **more):
    message = {"code": code, "base_url": "http://127.0.0.1:8001", **more}
    return WireHost("").post("/wire/1/enrolment", message)


@pytest.fixture
def invited(operator):
    return commands.invite_host("Product", by=operator, now=START)


def test_a_host_service_enrols_with_its_code_and_then_uses_its_own_credential(invited):
    host, code = invited
    answer = enrol(code)

    assert answer.status_code == 201
    assert answer.json()["name"] == "Product"
    assert answer.json()["credential"].startswith("tph_")
    assert WireHost(answer.json()["credential"]).get("/wire/1/apps").status_code == 200
    host.refresh_from_db()
    assert (host.state, host.base_url) == ("linked", "http://127.0.0.1:8001")


def test_code_and_credential_are_kept_as_hashes_only(invited):
    host, code = invited
    credential = enrol(code).json()["credential"]

    host.refresh_from_db()
    kept = repr(list(HostService.objects.values()) + list(AuditEntry.objects.values()))
    assert code not in kept
    assert credential not in kept


def test_a_code_is_used_once(invited):
    _, code = invited
    enrol(code)

    assert enrol(code).status_code == 401


def test_an_old_code_is_refused(invited):
    _, code = invited
    HostService.objects.update(code_expires_at=machine_now() - timedelta(seconds=1))

    assert enrol(code).status_code == 401


def test_wrong_old_and_used_codes_are_told_apart_by_nobody(invited):
    _, code = invited
    enrol(code)

    assert enrol(code).json()["detail"] == enrol("tpe_wrong-code").json()["detail"]


def test_who_guesses_codes_is_stopped_even_when_the_next_one_would_be_right(invited):
    _, code = invited
    for _ in range(10):
        assert enrol("tpe_wrong-code").status_code == 401

    assert enrol(code).status_code == 429


@pytest.mark.parametrize("base_url", ["ftp://x.example.test", "http://u@x.example.test", "http://x.example.test/?a=b"])
def test_an_address_that_is_none_is_refused_and_the_code_stays_good(invited, base_url):
    _, code = invited
    answer = enrol(code, base_url=base_url)

    assert (answer.status_code, answer.json()["problems"][0]["pointer"]) == (422, "/base_url")
    assert enrol(code).status_code == 201


def test_outside_development_a_host_service_is_on_https():
    policy = commands.ListingPolicy(development=False)

    with pytest.raises(InvalidInputError):
        commands.check_base_url("http://product.example.test", policy=policy)
    commands.check_base_url("https://product.example.test/jira", policy=policy)


@pytest.mark.parametrize("credential", ["", "wrong", "tph_wrong", "tp_wrong"])
def test_without_a_credential_there_is_nothing_to_see(credential, db):
    for answer in (WireHost(credential).get("/wire/1/apps"), WireHost(credential).check((1, "1.0.0"))):
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"


def test_a_revoked_host_service_is_refused(invited, operator):
    host, code = invited
    wire = WireHost(enrol(code).json()["credential"])
    commands.revoke_host(host.pk, by=operator, now=START)

    assert wire.get("/wire/1/apps").status_code == 401


def test_a_host_service_that_is_invited_again_keeps_its_credential_until_it_enrols(invited, operator):
    host, code = invited
    old = WireHost(enrol(code).json()["credential"])
    _, code = commands.invite_again(host.pk, by=operator, now=START)
    assert old.get("/wire/1/apps").status_code == 200

    new = WireHost(enrol(code).json()["credential"])

    assert (old.get("/wire/1/apps").status_code, new.get("/wire/1/apps").status_code) == (401, 200)


def test_names_are_used_once_and_only_operators_invite(invited, operator, owner):
    with pytest.raises(ConflictError):
        commands.invite_host("Product", by=operator, now=START)
    with pytest.raises(ForbiddenError):
        commands.invite_host("Mine", by=owner, now=START)
