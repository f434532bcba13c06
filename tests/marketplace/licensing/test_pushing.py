"""Telling hosts: a real server takes pushes, is down, refuses, is slow, and is overtaken by newer changes."""

import hashlib
import hmac
import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from tests.marketplace.conftest import START
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.licensing.test_settling import many_licenses, many_sites
from tests.marketplace.taking import TakingHost
from tests.marketplace.test_workers import at_the_same_time

from tradepost.foundation.clock import machine_now
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.hosts.models import HostService, SiteRecord
from tradepost.marketplace.hosts.pushing import claim_turns
from tradepost.marketplace.licensing import pushing
from tradepost.marketplace.licensing.models import PendingPush, PushTurn, SiteLicense
from tradepost.marketplace.licensing.telling import tell_hosts
from tradepost.wire.licenses import SIGNATURE_HEADER

pytestmark = pytest.mark.django_db
FIRST = "1.0.0"


def decisions(taking):
    return taking.told("decisions")


@pytest.fixture
def taking(at_host):
    server = TakingHost()
    HostService.objects.filter(pk=at_host.service.pk).update(base_url=server.url)
    yield server
    server.close()


@pytest.fixture
def changed(at_host, paid):
    """A trial has begun on site 1, and the host is to be told."""
    return at_host.decision(version=FIRST, begin_trial=True)


def push_due():
    return pushing.push_due(START + DAY / 2)


def wait_is_over():
    PushTurn.objects.update(due_at=machine_now())


def test_a_change_reaches_the_host_signed_and_is_told_once(changed, taking, at_host):
    assert push_due() == 1
    assert push_due() == 0

    ((path, headers, body),) = taking.taken
    assert path == "/wire/1/licenses"
    (decision,) = decisions(taking)
    assert (decision["revision"], decision["app"]) == (changed["revision"], changed["app"])
    at, told = (part.partition("=")[2] for part in headers[SIGNATURE_HEADER].split(","))
    digest = hashlib.sha256(at_host.credential.encode()).hexdigest()
    assert told == hmac.new(f"push:{digest}".encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert abs(int(at) - machine_now().timestamp()) < 30
    assert at_host.credential not in str(headers)
    assert not PendingPush.objects.exists()
    assert PushTurn.objects.get().told_at is not None


def test_a_host_that_is_down_is_told_when_it_is_up_and_ever_more_seldom_until_then(changed, at_host, taking):
    HostService.objects.update(base_url="http://127.0.0.1:9")
    pauses = []
    for _ in range(12):
        wait_is_over()
        assert push_due() == 1
        assert push_due() == 0
        pauses.append(round((PushTurn.objects.get().due_at - machine_now()).total_seconds()))

    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == 3600
    assert PendingPush.objects.count() == 1
    assert PushTurn.objects.get().problem

    HostService.objects.update(base_url=taking.url)
    wait_is_over()
    push_due()
    assert len(decisions(taking)) == 1
    assert not PendingPush.objects.exists()
    assert (PushTurn.objects.get().attempts, PushTurn.objects.get().problem) == (0, "")


@pytest.mark.parametrize("status", [302, 400, 401, 404, 500, 503])
def test_what_is_not_taken_is_told_again(changed, taking, status):
    taking.answers = status
    push_due()

    assert PendingPush.objects.count() == 1
    assert str(status) in PushTurn.objects.get().problem
    taking.answers = 204
    wait_is_over()
    push_due()
    assert not PendingPush.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_change_during_a_push_is_not_lost(changed, taking, paid, site):
    def change():
        SiteLicense.objects.update(state="active", revision=2)
        tell_hosts([(site.pk, paid.pk)])
        connection.close()

    taking.meanwhile = change
    push_due()
    taking.meanwhile = lambda: None
    assert PendingPush.objects.get().serial == 2

    push_due()
    assert [(each["state"], each["revision"]) for each in decisions(taking)] == [("trial", 1), ("active", 2)]
    assert not PendingPush.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_a_host_once(changed, taking):
    barrier = threading.Event()
    taking.meanwhile = lambda: barrier.wait(2)

    done = at_the_same_time(push_due, lambda: push_due() or barrier.set() or 0)

    assert sorted(done) in ([0, 1], [1, 1]), done
    assert len(decisions(taking)) == 1


def test_a_worker_that_died_lets_another_tell_the_host_after_its_lease(changed, taking):
    claim_turns(pushing.LICENSES)
    assert push_due() == 0
    assert pushing.next_due() == PushTurn.objects.get().lease_until

    PushTurn.objects.update(lease_until=machine_now() - timedelta(seconds=1))
    assert push_due() == 1
    assert len(decisions(taking)) == 1


def test_twelve_hundred_changes_go_in_three_pushes(at_host, paid, taking):
    sites = many_sites(at_host.service, 1200)
    many_licenses(paid, sites, state="trial", trial_ends_at=START + DAY, due_at=START + DAY)
    tell_hosts((each.pk, paid.pk) for each in sites)

    while push_due():
        pass

    assert [len(json.loads(body)["decisions"]) for _, _, body in taking.taken] == [500, 500, 200]
    assert len({each["site"] for each in decisions(taking)}) == 1200


def test_a_batch_that_a_host_refuses_does_not_hold_up_the_others(at_host, paid, taking):
    sites = many_sites(at_host.service, 600)
    many_licenses(paid, sites, state="trial", trial_ends_at=START + DAY, due_at=START + DAY)
    tell_hosts((each.pk, paid.pk) for each in sites[:500])
    taking.answers = 422
    push_due()
    tell_hosts((each.pk, paid.pk) for each in sites[500:])
    taking.answers, taking.taken = 204, []
    wait_is_over()
    push_due()

    first = {each["site"] for each in decisions(taking)[:100]}
    assert first == {str(each.site) for each in sites[500:]}


def test_a_host_that_is_revoked_is_not_told_and_one_that_is_gone_is_forgotten(changed, taking, operator, at_host):
    hosts.revoke_host(at_host.service.pk, by=operator, now=START)
    assert push_due() == 0
    assert pushing.next_due() is None
    assert PendingPush.objects.count() == 1

    SiteRecord.objects.filter(host=at_host.service).delete()
    assert not PendingPush.objects.exists()


def test_nothing_is_due_where_nobody_is_to_be_told(at_host, paid):
    assert pushing.next_due() is None
    assert push_due() == 0
