"""Access tokens as their vendor makes them, renews their links and takes them back."""

from datetime import timedelta

import pytest
from django.core import serializers
from tests.marketplace.conftest import HOUR, START
from tests.marketplace.tokens.holders import acts, decision, refusal
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP

from tradepost.core.errors import ConflictError, InvalidInputError, NotFoundError
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.secrets import hash_token
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.editions.models import EarlyAccess, Feature, ListingEditions
from tradepost.marketplace.tokens import commands, queries
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db


def fill(listing, count):
    """So many tokens of the app that were made by now."""
    AccessToken.objects.bulk_create(
        AccessToken(listing=listing, digest=f"{number:064}", prefix="tpa_x", created_at=START, created_by="test")
        for number in range(count)
    )


def test_a_token_says_what_it_is_and_the_database_keeps_its_digest_alone(made):
    assert made.secret.startswith("tpa_")
    assert len(made.secret) >= 36
    assert made.link == f"http://127.0.0.1:8000/apps/{APP}/descriptor?access-token={made.secret}"

    kept = serializers.serialize("json", [*AccessToken.objects.all(), *AuditEntry.objects.all()])
    assert made.secret not in kept
    assert made.secret[len("tpa_") + 6 :] not in kept
    assert made.token.digest == hash_token(made.secret)
    assert made.secret not in repr(made)


def test_every_token_is_another(listing, owner):
    secrets = {commands.make(APP, by=owner, now=START).secret for _ in range(5)}

    assert len(secrets) == 5


def test_the_audit_log_has_the_first_characters_and_who(made, owner):
    (row,) = AuditEntry.objects.filter(action="access_token.made")

    assert (row.actor, row.detail["prefix"], row.scope_id) == (
        owner.actor,
        made.secret[:10],
        made.token.listing.vendor_id,
    )


def test_an_app_has_fifty_tokens_and_not_one_more(listing, owner):
    fill(listing, 49)
    commands.make(APP, by=owner, now=START)

    with pytest.raises(ConflictError, match="at most 50") as refused:
        commands.make(APP, by=owner, now=START)
    assert refused.value.rule == commands.OVER_QUOTA


def test_bound_tokens_count_and_removed_and_expired_ones_do_not(listing, owner, made, holder):
    fill(listing, 47)
    holder.apply(made.secret)
    waits = commands.make(APP, by=owner, now=START, expires_at=START + HOUR)
    last = commands.make(APP, by=owner, now=START)
    with pytest.raises(ConflictError):
        commands.make(APP, by=owner, now=START + HOUR - timedelta(microseconds=1))

    again = commands.make(APP, by=owner, now=START + HOUR)
    assert queries.state_of(waits.token, START + HOUR) == "expired"
    with pytest.raises(ConflictError):
        commands.make(APP, by=owner, now=START + HOUR)
    commands.remove(APP, last.token.pk, by=owner, now=START + HOUR)
    commands.make(APP, by=owner, now=START + HOUR)
    assert again.token.pk != last.token.pk


@pytest.mark.parametrize("at", [START, START - HOUR, START + timedelta(days=5000)])
def test_a_token_expires_in_the_future_that_people_live_to_see(listing, owner, at):
    with pytest.raises(InvalidInputError) as refused:
        commands.make(APP, by=owner, now=START, expires_at=at)
    assert refused.value.pointer == "/expires_at"


def test_a_new_link_makes_the_one_before_worthless(made, owner, holder):
    renewed = commands.new_link(APP, made.token.pk, by=owner, now=START)

    assert refusal(holder.apply(made.secret)) == (422, "")
    assert decision(holder.apply(renewed.secret))["token"]["prefix"] == renewed.secret[:10]
    assert acts(made.token) == ["access_token.made", "access_token.renewed", "access_token.applied"]


def test_only_a_token_that_nobody_used_gets_a_new_link(made, owner, holder):
    expired = commands.make(APP, by=owner, now=START, expires_at=START + HOUR)
    removed = commands.make(APP, by=owner, now=START)
    commands.remove(APP, removed.token.pk, by=owner, now=START)
    holder.apply(made.secret)

    for token, why in ((made, "bound"), (expired, "expired"), (removed, "removed")):
        with pytest.raises(ConflictError, match=why):
            commands.new_link(APP, token.token.pk, by=owner, now=START + HOUR)


def test_removing_twice_is_once(made, owner):
    first = commands.remove(APP, made.token.pk, by=owner, now=START)
    second = commands.remove(APP, made.token.pk, by=owner, now=START + HOUR)

    assert (first.state, second.state, second.removed_at) == ("removed", "removed", START)
    assert acts(made.token) == ["access_token.made", "access_token.removed"]


def test_the_tokens_of_another_vendor_are_not_there(made, listing, stranger):
    for act in (commands.new_link, commands.remove):
        with pytest.raises(NotFoundError):
            act(APP, made.token.pk, by=stranger, now=START)
    with pytest.raises(NotFoundError):
        commands.make(APP, by=stranger, now=START)
    with pytest.raises(NotFoundError):
        commands.simulate(APP, made.token.pk, by=stranger, now=START, simulated="NONE")


def test_a_token_is_not_found_below_another_app_of_the_same_vendor(server, vendor, owner, made):
    url = server.serve(descriptor(key="com.example.second"), "/second")
    catalog.list_app(vendor.pk, url, by=owner, now=START)

    with pytest.raises(NotFoundError):
        commands.remove("com.example.second", made.token.pk, by=owner, now=START)


def test_what_is_over_is_written_down_once_at_its_instant(listing, owner):
    made = commands.make(APP, by=owner, now=START, expires_at=START + HOUR)
    assert queries.next_due() == START + HOUR

    assert commands.expire_due(START + HOUR - timedelta(microseconds=1)) == 0
    assert commands.expire_due(START + HOUR) == 1
    assert commands.expire_due(START + HOUR) == 0
    made.token.refresh_from_db()
    assert made.token.state == "expired"
    assert queries.next_due() is None
    assert acts(made.token) == ["access_token.made", "access_token.expired"]


def test_a_bound_token_outlives_the_time_it_had_for_its_first_use(listing, owner, holder):
    made = commands.make(APP, by=owner, now=START, expires_at=START + timedelta(days=3000))
    holder.apply(made.secret)

    assert commands.expire_due(START + timedelta(days=4000)) == 0
    made.token.refresh_from_db()
    assert queries.state_of(made.token, START + timedelta(days=4000)) == "bound"


def test_the_vendor_chooses_what_the_site_will_see_before_it_uses_the_token(made, owner, holder):
    commands.simulate(APP, made.token.pk, by=owner, now=START, simulated="INACTIVE_TRIAL")

    told = decision(holder.apply(made.secret))
    assert (told["active"], told["token"]["simulated"]) == (False, "INACTIVE_TRIAL")


def test_there_is_no_advanced_edition_until_features_are_mapped(made, listing, owner, vendor):
    with pytest.raises(ConflictError, match="no editions") as refused:
        commands.simulate(APP, made.token.pk, by=owner, now=START, edition="advanced")
    assert refused.value.rule == commands.NO_EDITIONS

    drafted = ListingEditions.objects.create(listing=listing, created_at=START)
    Feature.objects.create(editions=drafted, name="Board", in_editions=["advanced"])
    EarlyAccess.objects.create(vendor=vendor, opened_at=START, opened_by="olga")
    assert commands.simulate(APP, made.token.pk, by=owner, now=START, edition="advanced").edition == "advanced"


@pytest.mark.parametrize("wrong", [{"simulated": "RUNNING"}, {"edition": "gold"}, {}])
def test_what_cannot_be_simulated_is_said_with_its_place(made, owner, wrong):
    with pytest.raises(InvalidInputError) as refused:
        commands.simulate(APP, made.token.pk, by=owner, now=START, **wrong)
    assert refused.value.pointer.strip("/") in {"simulated", "edition"}


def test_removed_and_expired_tokens_simulate_nothing(listing, owner):
    removed = commands.make(APP, by=owner, now=START)
    commands.remove(APP, removed.token.pk, by=owner, now=START)
    expired = commands.make(APP, by=owner, now=START, expires_at=START + HOUR)

    for token in (removed, expired):
        with pytest.raises(ConflictError, match="simulates nothing"):
            commands.simulate(APP, token.token.pk, by=owner, now=START + HOUR, simulated="NONE")
