"""Access tokens as sites use them, over the wire."""

import pytest
from tests.marketplace.conftest import HOUR, START
from tests.marketplace.tokens.holders import BY, acts, decision, refusal
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP, site_id

from tradepost.core.license import Simulated
from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.marketplace.licensing.models import LicenseChange, PendingPush, SiteLicense
from tradepost.marketplace.tokens import commands, wire
from tradepost.marketplace.tokens.models import AccessToken
from tradepost.wire.licenses import CONFIRM

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(server, vendor, owner):
    """A private app whose version costs something."""
    return catalog.list_app(vendor.pk, server.serve(descriptor(enableLicensing=True)), by=owner, now=START)


@pytest.fixture
def token(paid, owner):
    return commands.make(APP, by=owner, now=START)


def subscribe(site=1, state="active"):
    """The site pays for the app from now on."""
    SiteLicense.objects.filter(site__site=site_id(site)).update(state=state, period="monthly", anchor=START)


def bound(token):
    token.token.refresh_from_db()
    return token.token


def test_a_site_that_applies_a_token_has_a_license_for_development_and_may_get_the_app(token, holder):
    answer = holder.apply(token.secret)

    told = decision(answer)
    assert (told["active"], told["exists"], told["kind"], told["evaluation"]) == (True, True, "developer", True)
    assert told["token"] == {"prefix": token.secret[:10], "simulated": "ACTIVE_TRIAL", "edition": "standard"}
    assert told["edition"] == "standard"
    version = answer.json()["version"]
    assert (version["app"], version["version"]) == (APP, "1.0.0")
    assert holder.get(f"/wire/1/descriptors/{version['descriptor']}").status_code == 200


def test_the_first_use_binds_it_to_the_site_by_somebody_at_a_time(token, holder, host):
    holder.apply(token.secret, site=3)

    kept = bound(token)
    assert (kept.state, kept.site.site, kept.site.host_id, kept.bound_by) == ("bound", site_id(3), host[0].pk, BY)
    assert abs(domain_now() - kept.bound_at) < HOUR
    row = AuditEntry.objects.get(action="access_token.applied")
    assert (row.actor, row.detail["site"], row.detail["bound"]) == (BY, str(site_id(3)), True)


def test_the_same_site_may_apply_it_again_and_nothing_changes(token, holder):
    first = decision(holder.apply(token.secret))
    second = decision(holder.apply(token.secret))

    assert first == second
    assert acts(token.token) == ["access_token.made", "access_token.applied"]


def test_the_token_alone_says_which_app_is_meant_and_a_named_one_must_be_it(token, server, vendor, owner, holder):
    catalog.list_app(vendor.pk, server.serve(descriptor(key="com.example.b"), "/b"), by=owner, now=START)

    assert refusal(holder.apply(token.secret, app="com.example.b")) == (409, "token.other_app")
    assert decision(holder.apply(token.secret, app=APP))["app"] == APP


@pytest.mark.parametrize("text", ["tpa_" + "x" * 43, "tph_" + "x" * 43, "12345678", "tpa_%00%00%00", "tpa_" + "é" * 40])
def test_a_forged_token_is_none_of_ours(token, holder, text):
    answer = holder.apply(text)

    assert answer.status_code == 422
    assert "no access token of this marketplace" in answer.json()["detail"]
    assert text not in answer.content.decode()
    assert not SiteLicense.objects.exists()


def test_neither_digest_nor_prefix_is_a_token(token, holder):
    assert holder.apply(token.token.digest).status_code == 422
    assert holder.apply(token.token.prefix).status_code == 422


def test_a_token_of_another_site_is_refused_also_to_the_same_number_at_another_host(token, holder, other_holder):
    holder.apply(token.secret, site=1)

    for other, site in ((holder, 2), (other_holder, 1)):
        answer = other.apply(token.secret, site=site)
        assert refusal(answer) == (409, "token.foreign")
    assert bound(token).site.site == site_id(1)
    assert not AccessToken.objects.filter(site__site=site_id(2)).exists()


def test_a_removed_token_is_said_to_be_removed(token, owner, holder):
    commands.remove(APP, token.token.pk, by=owner, now=START)

    assert refusal(holder.apply(token.secret)) == (409, "token.removed")


def test_an_expired_token_is_said_to_be_late(paid, owner, holder):
    late = commands.make(APP, by=owner, now=START, expires_at=START + HOUR)

    assert refusal(holder.apply(late.secret)) == (409, "token.expired")
    commands.expire_due(START + HOUR)
    assert refusal(holder.apply(late.secret)) == (409, "token.expired")


@pytest.mark.parametrize("state", ["active", "cancelled"])
def test_a_site_that_pays_is_warned_first_and_confirms(token, holder, state):
    holder.apply(token.secret)
    holder.withdraw()
    subscribe(state=state)

    assert refusal(holder.apply(token.secret)) == (409, CONFIRM)
    assert not bound(token).applied
    told = decision(holder.apply(token.secret, confirmed=True))
    assert (told["token"]["prefix"], told["covered"]) == (token.secret[:10], state)


def test_a_warned_site_does_not_bind_the_token(token, owner, holder):
    other = commands.make(APP, by=owner, now=START)
    holder.apply(other.secret)
    holder.withdraw()
    subscribe()

    assert refusal(holder.apply(token.secret)) == (409, CONFIRM)
    assert bound(token).state == "unbound"


@pytest.mark.parametrize("ends_it", ["the vendor", "the site"])
def test_without_the_token_a_site_is_back_on_what_it_pays_for(token, owner, holder, ends_it):
    holder.apply(token.secret)
    subscribe()
    if ends_it == "the site":
        told = decision(holder.withdraw())
    else:
        commands.remove(APP, token.token.pk, by=owner, now=domain_now())
        told = ask(holder)

    assert (told["state"], told["active"], told["kind"], told["token"]) == ("active", True, "commercial", None)


@pytest.mark.parametrize("ends_it", ["the vendor", "the site"])
def test_without_the_token_a_site_that_never_paid_is_unlicensed(token, owner, holder, ends_it):
    holder.apply(token.secret)
    holder.report(holder.says(1, "1.0.0"))
    if ends_it == "the site":
        told = decision(holder.withdraw())
    else:
        commands.remove(APP, token.token.pk, by=owner, now=domain_now())
        told = ask(holder)

    assert (told["state"], told["active"], told["exists"], told["edition"]) == ("none", False, False, None)


def ask(holder, site=1):
    answer = holder.post("/wire/1/licenses", {"questions": [{"site": str(site_id(site)), "app": APP}]})
    assert answer.status_code == 200, answer.content
    return answer.json()["decisions"][0]


def test_a_token_that_its_site_put_away_stays_its_own(token, holder):
    holder.apply(token.secret)
    holder.withdraw()
    assert decision(holder.withdraw())["token"] is None  # twice is once

    assert refusal(holder.apply(token.secret, site=2)) == (409, "token.foreign")
    assert decision(holder.apply(token.secret))["token"]["prefix"] == token.secret[:10]
    assert acts(token.token)[-2:] == ["access_token.withdrawn", "access_token.applied"]


def test_another_token_takes_the_place_of_the_first(token, owner, holder):
    second = commands.make(APP, by=owner, now=START)
    holder.apply(token.secret)

    assert decision(holder.apply(second.secret))["token"]["prefix"] == second.secret[:10]
    assert (bound(token).applied, bound(second).applied) == (False, True)
    assert bound(token).state == "bound"


@pytest.mark.parametrize(
    ("simulated", "active", "exists", "edition"),
    [
        (Simulated.NONE, False, False, None),
        (Simulated.TRIAL, True, True, "standard"),
        (Simulated.ACTIVE, True, True, "standard"),
        (Simulated.CANCELLED, True, True, "standard"),
        (Simulated.TRIAL_EXPIRED, False, True, "standard"),
        (Simulated.EXPIRED, False, True, "standard"),
    ],
)
def test_a_site_sees_each_of_the_six_states(token, holder, simulated, active, exists, edition):
    holder.apply(token.secret)
    told = decision(holder.simulate(simulated=simulated))

    assert (told["active"], told["exists"], told["edition"]) == (active, exists, edition)


def test_who_asks_for_what_is_so_already_changes_nothing(token, holder):
    holder.apply(token.secret)
    before = decision(holder.simulate(simulated="NONE"))

    assert decision(holder.simulate(simulated="NONE"))["revision"] == before["revision"]


def test_simulating_needs_a_token_that_is_applied(token, holder):
    holder.check((1, "1.0.0"))
    assert refusal(holder.simulate(simulated="NONE")) == (409, "token.none_applied")
    assert refusal(holder.withdraw()) == (409, "token.none_applied")
    holder.apply(token.secret)
    holder.withdraw()
    assert refusal(holder.simulate(simulated="NONE")) == (409, "token.none_applied")
    assert holder.simulate(site=9, simulated="NONE").status_code == 404
    assert holder.simulate(app="com.example.nowhere", simulated="NONE").status_code == 409


def test_what_is_no_state_and_no_edition_is_refused(token, holder):
    holder.apply(token.secret)

    assert holder.simulate(simulated="RUNNING").status_code == 422
    assert holder.simulate(edition="gold").status_code == 422
    assert holder.simulate().status_code == 422
    assert refusal(holder.simulate(edition="advanced")) == (409, commands.NO_EDITIONS)


def test_every_change_raises_the_revision_and_tells_the_host(token, owner, holder):
    acts_of_both = [
        lambda: holder.apply(token.secret),
        lambda: holder.simulate(simulated="ACTIVE_SUBSCRIPTION"),
        lambda: commands.simulate(APP, token.token.pk, by=owner, now=domain_now(), simulated="NONE"),
        holder.withdraw,
        lambda: holder.apply(token.secret),
        lambda: commands.remove(APP, token.token.pk, by=owner, now=domain_now()),
    ]
    revisions = []
    for act in acts_of_both:
        PendingPush.objects.all().delete()
        act()
        revisions.append(SiteLicense.objects.get().revision)
        assert PendingPush.objects.count() == 1
    assert revisions == sorted(set(revisions))


def test_a_token_is_no_act_upon_the_license_it_hides(token, holder):
    holder.apply(token.secret)
    holder.simulate(simulated="INACTIVE_SUBSCRIPTION")

    assert not LicenseChange.objects.exists()
    assert SiteLicense.objects.get().state == "none"


def test_a_site_that_was_never_checked_is_met_by_its_token(token, holder):
    holder.apply(token.secret, site=7)
    assert SiteRecord.objects.get().name == str(site_id(7))

    holder.check((7, {}))
    assert SiteRecord.objects.get().name == "Site 7"


def test_who_guesses_too_often_waits(token, holder, other_holder):
    for number in range(100):
        assert holder.apply(f"tpa_{number:040}").status_code == 422

    assert holder.apply(token.secret).status_code == 429
    assert other_holder.apply(token.secret).status_code == 200
    wire.GUESSES.forget()


def test_tokens_are_for_hosts_with_a_credential(token, holder):
    holder.credential = "tph_nobody"

    for answer in (holder.apply(token.secret), holder.withdraw(), holder.simulate(simulated="NONE")):
        assert answer.status_code == 401


@pytest.mark.parametrize(
    "message", [b"{", {}, {"site": "no", "token": "x" * 20, "by": "a"}, {"site": str(site_id(1)), "token": "x" * 201}]
)
def test_a_message_that_is_not_of_the_contract_is_refused_without_its_text(holder, message):
    answer = holder.post("/wire/1/access-tokens/apply", message)

    assert answer.status_code == 400
    assert "x" * 20 not in answer.content.decode()


def test_what_a_site_does_is_told_from_what_its_vendor_does(token, owner, holder, host):
    """A host service says by whom; that may be anybody's name."""
    holder.apply(token.secret)
    holder.simulate(simulated="NONE")
    commands.simulate(APP, token.token.pk, by=owner, now=START, simulated="INACTIVE_TRIAL")

    rows = AuditEntry.objects.filter(action="access_token.simulated").order_by("recorded_at")
    assert [each.detail.get("host") for each in rows] == [str(host[0].pk), None]
