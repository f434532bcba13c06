"""What a billing system does by REST: subscriptions that begin, change, renew, are cancelled and end."""

from datetime import timedelta

import pytest
from django.test import Client
from tests.marketplace.conftest import START
from tests.marketplace.licensing.acting import at, put_live, rule_of
from tests.marketplace.licensing.conftest import DAY
from tests.marketplace.test_rest import Program
from tests.marketplace.test_workers import at_the_same_time

from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.licensing.models import Customer, LicenseChange, PendingPush, SiteLicense
from tradepost.marketplace.licensing.settling import settle_due

pytestmark = pytest.mark.django_db
FIRST = "1.0.0"
TICK = timedelta(microseconds=1)
MONTH = "2026-04-02T09:00:00Z"


def test_a_site_that_never_tried_the_app_can_be_sold_it(billing, at_host, paid):
    made = billing.license()
    assert (made["state"], made["revision"], made["customer_name"]) == ("none", 0, "Site 1")

    told = billing.pays(period="monthly", type="academic", user_tier=25)

    assert (told["state"], told["active"], told["type"], told["user_tier"]) == ("active", True, "academic", 25)
    assert told["period_ends_at"] == told["changes_at"] == MONTH
    seen = at_host.decision()
    assert (seen["state"], seen["kind"], seen["user_tier"], seen["revision"]) == ("active", "academic", 25, 1)
    assert seen["entitlement_number"] == told["entitlement_number"]
    assert AuditEntry.objects.filter(action="license.bought", actor="operator@example.test").count() == 1
    assert AuditEntry.objects.filter(action="license.made").count() == 1
    assert PendingPush.objects.count() == 1


def test_the_same_payment_told_twice_is_one_payment_with_one_answer(billing, paid):
    first = billing.act("payments", reference="invoice 7", period="monthly")
    again = billing.act("payments", reference="invoice 7", period="monthly", now=START + DAY)

    assert first.json()["change"] == again.json()["change"]
    assert SiteLicense.objects.get().revision == 1
    assert LicenseChange.objects.count() == 1


def test_the_same_reference_with_other_content_is_refused(billing, paid):
    billing.act("payments", reference="invoice 7", period="monthly")

    for what, more in (("payments", {"period": "annual"}), ("cancellation", {}), ("changes", {"user_tier": 3})):
        assert rule_of(billing.act(what, reference="invoice 7", **more)) == (409, "license.reference_used")
    assert LicenseChange.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_payment_told_twice_at_once_is_one_payment(billing, paid):
    license_id = billing.license()["id"]

    def pays():
        return billing.send(
            "post", f"/licenses/{license_id}/payments", {"reference": "invoice 7", "period": "monthly"}
        ).status_code

    assert at_the_same_time(pays, pays, pays) == [200, 200, 200]
    assert LicenseChange.objects.count() == 1


def test_a_subscription_goes_on_by_itself_and_a_payment_is_only_noted(billing, paid):
    billing.pays(period="monthly")

    told = billing.pays(now=START + 20 * DAY)

    assert (told["period_ends_at"], told["state"]) == (MONTH, "active")
    settle_due(START + 40 * DAY)
    assert billing.license(now=START + 40 * DAY)["period_ends_at"] == "2026-05-02T09:00:00Z"
    events = LicenseChange.objects.order_by("at").values_list("event", flat=True)
    assert list(events) == ["bought", "paid", "renewed"]


def test_where_nothing_renews_by_itself_each_payment_is_a_period_more(billing, paid, nothing_renews):
    billing.pays(period="monthly")
    told = billing.pays(now=START + 20 * DAY)
    assert told["period_ends_at"] == "2026-05-02T09:00:00Z"

    end = START + 61 * DAY
    assert billing.license(now=end - TICK)["state"] == "active"
    assert billing.license(now=end)["state"] == "expired"
    assert settle_due(end) == 0  # the question had the license settled on its way
    assert billing.pays(now=end + DAY, period="annual")["period_ends_at"] == "2027-05-03T09:00:00Z"


def test_cancelled_runs_to_its_end_can_be_resumed_and_is_not_paid(billing, at_host, paid):
    billing.pays(period="monthly")

    assert billing.does("cancellation", now=START + DAY, why="Too many apps")["state"] == "cancelled"
    seen = at_host.decision(now=START + 2 * DAY)
    assert (seen["state"], seen["active"]) == ("cancelled", True)
    refused = billing.act("payments", reference="late", period="monthly", now=START + 2 * DAY)
    assert refused.status_code == 409

    assert billing.does("resumption", now=START + 3 * DAY)["state"] == "active"
    billing.does("cancellation", now=START + 4 * DAY)
    assert at_host.decision(now=START + 31 * DAY)["state"] == "expired"
    assert LicenseChange.objects.filter(why="Too many apps").count() == 1


def test_end_is_at_once_for_a_subscription_and_for_a_trial(billing, at_host, paid):
    billing.pays(period="annual")
    at_host.decision(2, version=FIRST, begin_trial=True)

    assert billing.does("end", now=START + DAY)["state"] == "expired"
    assert billing.does("end", number=2, now=START + DAY)["state"] == "trial_expired"
    assert at_host.decision(now=START + DAY)["active"] is False


def test_a_trial_is_given_and_given_longer_but_not_to_who_had_one(billing, at_host, paid):
    assert billing.does("trial")["trial_ends_at"] == "2026-04-01T09:00:00Z"
    longer = billing.does("trial", ends_at="2026-05-01T09:00:00+02:00", now=START + DAY)
    assert longer["trial_ends_at"] == "2026-05-01T07:00:00Z"

    after = START + 90 * DAY
    assert rule_of(billing.act("trial", now=after)) == (409, "license.trial_used")
    for wrong in ("2026-03-02T09:00:00Z", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
        answer = billing.act("trial", number=2, ends_at=wrong)
        assert (answer.status_code, answer.json()["problems"][0]["pointer"]) == (422, "/ends_at")


def test_an_existing_trial_that_is_bought_has_no_edition_and_a_new_license_has(billing, paid):
    billing.does("trial")
    put_live(paid, now=START + DAY)

    assert billing.pays(period="monthly", now=START + 2 * DAY)["told_edition"] is None
    assert billing.pays(number=2, period="monthly", now=START + 2 * DAY)["told_edition"] == "standard"
    assert billing.pays(number=3, period="monthly", edition="advanced", now=START + 2 * DAY)["edition"] == "advanced"


def test_an_upgrade_is_at_once_and_a_downgrade_at_the_end_of_the_period(billing, at_host, paid):
    put_live(paid)
    billing.pays(period="monthly")

    assert billing.does("changes", edition="advanced", now=START + DAY)["edition"] == "advanced"
    down = billing.does("changes", edition="standard", now=START + 2 * DAY)
    assert (down["edition"], down["next_edition"]) == ("advanced", "standard")
    end = START + 31 * DAY
    assert at_host.decision(now=end - TICK)["edition"] == "advanced"
    assert at_host.decision(now=end)["edition"] == "standard"


def test_who_comes_back_gets_what_was_ordered_and_not_what_they_once_had(billing, paid):
    put_live(paid)
    billing.pays(period="monthly", edition="advanced")
    billing.does("end", now=START + DAY)

    assert billing.pays(period="monthly", edition="standard", now=START + 2 * DAY)["edition"] == "standard"


def test_an_edition_cannot_be_sold_where_there_is_none(billing, paid):
    assert rule_of(billing.act("payments", reference="a", period="monthly", edition="advanced")) == (
        409,
        "edition.not_live",
    )
    put_live(paid)
    Customer.objects.update(billing="original")
    assert rule_of(billing.act("payments", reference="b", period="monthly", edition="standard")) == (
        409,
        "edition.original_billing",
    )
    assert billing.pays(period="monthly")["told_edition"] is None


def test_type_tier_and_period_are_corrected_and_null_is_any_number(billing, paid):
    billing.pays(period="none", user_tier=10)

    assert billing.does("changes", user_tier=50, type="community")["user_tier"] == 50
    changed = billing.does("changes", user_tier=None, period="annual")
    assert (changed["user_tier"], changed["type"], changed["period"]) == (None, "community", "annual")
    assert changed["period_ends_at"] == "2027-03-02T09:00:00Z"


def test_a_free_app_is_neither_sold_nor_tried(billing, free):
    made = billing.license(app=free.app_key)
    told = {"reference": "a", "period": "monthly"}
    sold = billing.send("post", f"/licenses/{made['id']}/payments", told)
    tried = billing.send("put", f"/licenses/{made['id']}/trial", {})

    assert rule_of(sold) == rule_of(tried) == (409, "license.free_app")


@pytest.mark.parametrize("what", ["cancellation", "resumption", "end"])
def test_what_a_state_does_not_allow_is_refused(billing, paid, what):
    answer = billing.act(what)

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:tradepost:problem:illegal-transition"
    assert SiteLicense.objects.get().revision == 0


def test_without_periods_there_is_nothing_to_cancel_to(billing, paid):
    billing.pays(period="none")

    assert rule_of(billing.act("cancellation")) == (409, "license.no_period")


@pytest.mark.parametrize(
    ("what", "body", "pointer"),
    [
        ("payments", {"period": "monthly"}, "/reference"),
        ("payments", {"reference": "", "period": "monthly"}, "/reference"),
        ("payments", {"reference": "  ", "period": "monthly"}, "/reference"),
        ("payments", {"reference": "x" * 101, "period": "monthly"}, "/reference"),
        ("payments", {"reference": "x"}, "/period"),
        ("payments", {"reference": "x", "period": "weekly"}, "/period"),
        ("payments", {"reference": "x", "period": "monthly", "type": "pirate"}, "/type"),
        ("payments", {"reference": "x", "period": "monthly", "edition": "gold"}, "/edition"),
        ("payments", {"reference": "x", "period": "monthly", "user_tier": 0}, "/user_tier"),
        ("payments", {"reference": "x", "period": "monthly", "user_tier": 2**40}, "/user_tier"),
        ("payments", {"reference": "x", "period": "monthly", "revision": -1}, "/revision"),
        ("trial", {"ends_at": "tomorrow"}, "/ends_at"),
        ("trial", {"ends_at": "2026-05-01T09:00:00"}, "/ends_at"),
        ("cancellation", {"why": "x" * 1001}, "/why"),
    ],
)
def test_each_wrong_value_is_named_by_its_place(billing, paid, what, body, pointer):
    answer = billing.act(what, **body)

    assert answer.status_code == 422, answer.content
    assert [each["pointer"] for each in answer.json()["problems"]] == [pointer]


def test_a_change_of_nothing_is_refused(billing, paid):
    billing.pays(period="monthly")

    assert billing.act("changes").status_code == 422


def test_an_act_of_somebody_who_saw_something_else_is_refused(billing, paid):
    billing.pays(period="monthly")

    assert rule_of(billing.act("end", revision=0)) == (409, "license.changed_meanwhile")
    assert billing.does("end", revision=1)["state"] == "expired"


def test_licenses_are_found_by_customer_site_app_state_and_number(billing, at_host, paid, secret):
    billing.pays(period="monthly")
    billing.license(2)
    billing.license(1, secret.app_key)
    one = billing.license()

    def found(**query):
        answer = billing.get("/licenses?" + "&".join(f"{name}={value}" for name, value in query.items()))
        assert answer.status_code == 200, answer.content
        return len(answer.json()["items"])

    assert found() == 3
    assert found(customer=one["customer"]) == 2
    assert found(host=one["host"], site=one["site"]) == 2
    assert found(app=paid.app_key, state="active") == 1
    assert found(state="expired") == 0
    assert found(number=one["support_number"].lower()) == found(number=one["entitlement_number"]) == 1
    page = billing.get("/licenses?limit=2").json()
    assert (len(page["items"]), found(limit=2, after=page["next"])) == (2, 1)
    assert billing.get("/licenses?after=nonsense").status_code == 422
    assert billing.get("/licenses?state=paid").status_code == 422


def test_the_history_tells_who_why_and_what_in_pages(billing, paid):
    made = billing.pays(period="monthly", user_tier=10)
    billing.does("cancellation", now=START + DAY, why="Asked by telephone", reference="ticket 9")
    address = f"/licenses/{made['id']}/history"

    newest, first = billing.get(address).json()["items"]

    assert (newest["event"], newest["actor"], newest["why"], newest["reference"]) == (
        "cancelled",
        "operator@example.test",
        "Asked by telephone",
        "ticket 9",
    )
    assert (first["before"], first["after"]["user_tier"]) == ({"state": "none"}, 10)
    page = billing.get(f"{address}?limit=1").json()
    assert billing.get(f"{address}?limit=1&after={page['next']}").json()["items"] == [first]


def test_nobody_but_operators_and_their_billing_systems_sees_or_changes_licenses(billing, owner, operator, paid):
    made = billing.license()
    programs = [Program(owner, "apps:read", "apps:write"), Program(operator, "apps:write")]
    for program in programs:
        for path in ("/licenses", f"/licenses/{made['id']}", "/customers", f"/licenses/{made['id']}/history"):
            assert program.get(path).status_code == 403, path
        told = {"reference": "x", "period": "monthly"}
        assert program.post(f"/licenses/{made['id']}/payments", told).status_code == 403
    assert Client().get("/api/1/licenses").status_code == 401
    with at(START):
        assert Program(operator, "operate").get("/licenses").status_code == 200


def test_what_is_not_there_is_not_found(billing, paid):
    nobody = "00000000-0000-0000-0000-00000000ffff"
    told = {"host": str(billing.host.pk), "site": nobody, "app": paid.app_key}

    assert billing.send("post", "/licenses", told).status_code == 404
    assert billing.get(f"/licenses/{nobody}").status_code == 404
    assert billing.send("put", f"/licenses/{nobody}/end", {}).status_code == 404
    site = billing.license()["site"]
    assert billing.send("post", "/licenses", told | {"site": site, "app": "com.nobody"}).status_code == 404
    assert billing.send("post", "/licenses", told | {"site": site, "host": nobody}).status_code == 404
