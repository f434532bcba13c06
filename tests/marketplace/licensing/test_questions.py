"""Questions of host services: what is told, what is not known, and that asking changes nothing."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.marketplace.conftest import START
from tests.marketplace.licensing.acting import LicensingHost, put_live, question
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.wire_client import APP, site_id

from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.hosts import commands as hosts
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing import commands
from tradepost.marketplace.licensing.models import Customer, LicenseChange, PendingPush, SiteLicense
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db
FIRST = "1.0.0"


def test_a_site_that_has_never_licensed_an_app_is_told_so_and_nothing_is_written(at_host, paid):
    told = at_host.decision(1)

    assert (told["state"], told["active"], told["exists"], told["revision"]) == ("none", False, False, 0)
    assert told["may_try"] is True
    assert "edition" not in told or told["edition"] is None
    assert not SiteLicense.objects.exists()
    assert not Customer.objects.exists()


def test_a_free_app_is_never_licensed_and_cannot_be_tried(at_host, free):
    told = at_host.decision(1, "com.example.free", version=FIRST, begin_trial=True)

    assert (told["state"], told["exists"], told["may_try"]) == ("none", False, False)
    assert told["reason"].startswith("The app is free")
    assert not SiteLicense.objects.exists()


def test_a_paid_version_that_is_installed_begins_the_one_trial_of_the_site(at_host, paid):
    told = at_host.decision(1, version=FIRST, begin_trial=True)
    again = at_host.decision(1, version=FIRST, begin_trial=True, now=START + 3 * DAY)

    assert (told["state"], told["active"], told["exists"], told["evaluation"]) == ("trial", True, True, True)
    assert told["trial_ends_at"] == told["changes_at"] == "2026-04-01T09:00:00Z"
    assert told["revision"] == again["revision"] == 1
    assert again["trial_ends_at"] == told["trial_ends_at"]
    (change,) = LicenseChange.objects.all()
    assert (change.event, change.actor) == ("trial_started", "Product")
    assert change.before == {"state": "none"}
    assert AuditEntry.objects.filter(action="license.trial_started", scope_id=paid.vendor_id).count() == 1
    assert PendingPush.objects.count() == 1


def test_a_trial_begins_by_the_version_that_is_run_and_not_by_the_newest(at_host, paid):
    told = at_host.decision(1, version="9.9.9", begin_trial=True)

    assert told["state"] == "none"


def test_a_trial_that_is_over_is_told_as_over_before_any_worker_came(at_host, paid):
    at_host.decision(1, version=FIRST, begin_trial=True)
    moment_before = at_host.decision(1, now=START + 30 * DAY - DAY / 86_400)
    at_the_end = at_host.decision(1, now=START + 30 * DAY)

    assert (moment_before["state"], moment_before["active"]) == ("trial", True)
    assert (at_the_end["state"], at_the_end["active"], at_the_end["exists"]) == ("trial_expired", False, True)
    assert SiteLicense.objects.get().state == "trial"


def test_a_trial_begun_after_the_editions_went_live_has_the_lowest_from_its_first_day(at_host, paid):
    put_live(paid)

    told = at_host.decision(1, version=FIRST, begin_trial=True)

    assert (told["edition"], told["may_switch"], told["may_try_edition"]) == ("standard", True, True)


def test_sites_that_were_never_checked_and_apps_that_nobody_listed_are_named(at_host, paid):
    answer = at_host.ask((1, APP), (1, "com.nobody"), (77, APP)).json()

    assert [each["app"] for each in answer["decisions"]] == [APP]
    assert answer["unknown"] == ["com.nobody"]
    assert answer["unknown_sites"] == [str(site_id(77))]


def test_another_hosts_site_is_unknown(at_host, paid, operator):
    _, code = hosts.invite_host("Other product", by=operator, now=START)
    service, credential = hosts.enrol(code, base_url="http://127.0.0.1:8003", product="jira", now=START)
    at_host.decision(1, version=FIRST, begin_trial=True)

    answer = LicensingHost(service, credential).ask((1, APP)).json()

    assert (answer["decisions"], answer["unknown_sites"]) == ([], [str(site_id(1))])


def test_a_private_app_is_unknown_to_a_site_that_has_neither_it_nor_a_token(at_host, secret, site):
    assert at_host.ask((1, secret.app_key)).json()["unknown"] == [secret.app_key]

    InstallationRecord.objects.create(
        site=site, listing=secret, running=secret.offered, state="current", since=START, reported_at=START
    )
    assert at_host.decision(1, secret.app_key)["state"] == "none"
    assert at_host.ask((2, secret.app_key)).json()["unknown"] == [secret.app_key]


def test_a_token_says_what_the_site_has_and_the_license_is_told_of_in_one_word(at_host, paid, site):
    at_host.decision(1, version=FIRST, begin_trial=True)
    AccessToken.objects.create(
        listing=paid,
        digest="d" * 64,
        prefix="tpa_abcdef",
        state="bound",
        site=site,
        applied=True,
        created_at=START,
        created_by="owner@acme.test",
        bound_at=START,
        simulated="ACTIVE_SUBSCRIPTION",
    )

    told = at_host.decision(1)

    assert (told["state"], told["active"], told["kind"], told["edition"]) == ("active", True, "developer", "standard")
    assert told["token"] == {"prefix": "tpa_abcdef", "simulated": "ACTIVE_SUBSCRIPTION", "edition": "standard"}
    assert told["covered"] == "trial"
    assert (told.get("trial_ends_at"), told["may_switch"], told["may_try"]) == (None, False, False)


def test_five_hundred_questions_take_as_few_queries_as_two(at_host, paid, free):
    SiteRecord.objects.bulk_create(
        SiteRecord(
            host=at_host.service,
            site=site_id(1000 + number),
            name=f"Site {number}",
            base_url=f"http://s{number}.test",
            first_seen_at=START,
            last_seen_at=START,
        )
        for number in range(250)
    )
    at_host.ask((1, APP))
    with CaptureQueriesContext(
        connection,
    ) as few:
        at_host.ask((1, APP), (2, APP))
    asked = [(1000 + number, app) for number in range(250) for app in (APP, free.app_key)]
    with CaptureQueriesContext(connection) as many:
        answer = at_host.ask(*asked)

    assert len(answer.json()["decisions"]) == 500
    assert len(many) == len(few) <= 3


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"[]",
        b"null",
        b'{"questions": 1}',
        b'{"questions": [{"site": "x", "app": "com.example.app"}]}',
        b'{"questions": [{"site": "00000000-0000-0000-0000-000000000001", "app": "%s"}]}' % (b"a" * 300),
        b'{"questions": [], "more": 1}',
        b'{"questions": [{"site": "00000000-0000-0000-0000-000000000001", "app": "a\\u0000b"}]}',
    ],
)
def test_what_is_no_question_is_refused_with_its_place(at_host, message):
    answer = at_host.post("/wire/1/licenses", message)

    if answer.status_code == 200:
        assert message == b'{"questions": [], "more": 1}'
    else:
        assert answer.status_code == 400, answer.content


def test_more_questions_than_the_limit_are_refused(at_host):
    assert at_host.ask(*[(number, APP) for number in range(501)]).status_code == 400
    assert at_host.ask().json()["decisions"] == []


def test_a_stranger_is_told_nothing(at_host, paid):
    assert LicensingHost(at_host.service, "tph_forged").ask((1, APP)).status_code == 401
    assert LicensingHost(at_host.service, "").ask((1, APP)).status_code == 401


def test_the_same_question_twice_is_answered_once(at_host, paid):
    assert len(at_host.ask(question(1), question(1)).json()["decisions"]) == 1


def test_obtaining_makes_one_license_with_numbers_of_its_own_and_one_customer(at_host, paid, site, db):
    with pytest.MonkeyPatch.context():
        from django.db import transaction

        with transaction.atomic():
            made = commands.obtain(site, paid, now=START)
            again = commands.obtain(site, paid, now=START)

    assert made.pk == again.pk
    assert made.revision == 0
    assert made.entitlement_number.startswith("E-")
    assert made.support_number.startswith("SEN-")
    assert uuid.UUID(str(made.entitlement_id))
    assert Customer.objects.get().name == "Site 1"
