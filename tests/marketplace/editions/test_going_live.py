"""The way of editions: submitted, approved or rejected, changed while live, withdrawn."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.marketplace.conftest import HOUR, poll
from tests.marketplace.editions.offering import (
    AT,
    FORECAST,
    PANEL,
    PRICES,
    WHOLE,
    approve,
    draft,
    go_live,
    grant,
    make_site,
)
from tests.marketplace.vendors import descriptor

from tradepost.core.errors import (
    ConflictError,
    ForbiddenError,
    IllegalTransitionError,
    InvalidInputError,
    ProblemsError,
)
from tradepost.foundation.models import AuditEntry, OutgoingMail
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.editions import commands, queries
from tradepost.marketplace.editions.drafts import Draft
from tradepost.marketplace.reviews import commands as reviews
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=1)


def waiting(listing):
    return Review.objects.get(listing=listing, kind="editions", state="waiting")


def test_submitting_opens_one_review_and_tells_operators(opened, owner, operator):
    draft(opened, owner)
    commands.submit(opened.app_key, by=owner, now=AT)

    review = waiting(opened)
    assert (review.version, review.draft["features"][0]["name"]) == (None, "Panel")
    assert f"/reviews/{review.pk}/" in OutgoingMail.objects.get(to=operator.actor, subject__contains="editions").text
    assert queries.find_editions(opened).state == "submitted"


def test_what_was_submitted_is_neither_changed_nor_submitted_again(opened, owner):
    draft(opened, owner)
    commands.submit(opened.app_key, by=owner, now=AT)

    with pytest.raises(IllegalTransitionError):
        commands.submit(opened.app_key, by=owner, now=AT)
    with pytest.raises(ConflictError, match="An operator looks"):
        draft(opened, owner)
    assert Review.objects.filter(kind="editions").count() == 1


def test_what_is_missing_keeps_a_draft_from_being_submitted(opened, owner):
    draft(opened, owner, Draft(features=(PANEL, FORECAST)))

    with pytest.raises(ProblemsError) as error:
        commands.submit(opened.app_key, by=owner, now=AT)
    assert [each.text for each in error.value.problems] == ["Standard has no price.", "Advanced has no price."]
    assert queries.find_editions(opened).state == "draft"


def test_editions_of_a_free_app_can_be_drafted_and_not_submitted(free, owner):
    draft(free, owner)

    with pytest.raises(ProblemsError, match="The live version is free"):
        commands.submit(free.app_key, by=owner, now=AT)


def test_approval_makes_them_live_and_every_license_of_the_app_is_told_anew(opened, owner, operator, site):
    before = grant(site, opened)
    editions = go_live(opened, owner, operator, now=LATER)

    assert (editions.state, editions.live_at, editions.decided_by) == ("live", LATER, operator.actor)
    assert queries.live_at_of([opened.pk]) == {opened.pk: LATER}
    before.refresh_from_db()
    assert before.revision == 2
    assert (
        "What you submitted is live."
        in OutgoingMail.objects.get(subject="Example: the review of its editions was passed").text
    )
    assert AuditEntry.objects.filter(action="editions.approved").count() == 1


def test_rejection_keeps_the_draft_and_says_why(opened, owner, operator):
    draft(opened, owner)
    commands.submit(opened.app_key, by=owner, now=AT)
    with pytest.raises(InvalidInputError):
        reviews.reject(waiting(opened).pk, comment=" ", by=operator, now=AT)
    reviews.reject(waiting(opened).pk, comment="Forecast is no feature.", by=operator, now=AT)

    editions = queries.find_editions(opened)
    assert (editions.state, editions.comment) == ("draft", "Forecast is no feature.")
    assert len(queries.drafted(editions).features) == 2
    assert "Forecast is no feature." in OutgoingMail.objects.get(subject__contains="not passed").text
    commands.submit(opened.app_key, by=owner, now=LATER)


def test_a_submission_can_be_taken_back_once(opened, owner):
    draft(opened, owner)
    commands.submit(opened.app_key, by=owner, now=AT)
    commands.withdraw_submission(opened.app_key, by=owner, now=AT)

    assert queries.find_editions(opened).state == "draft"
    assert Review.objects.get(kind="editions").state == "superseded"
    with pytest.raises(ConflictError, match="not submitted"):
        commands.withdraw_submission(opened.app_key, by=owner, now=AT)


def test_a_submission_of_the_listing_does_not_touch_the_one_of_its_editions(server, vendor, opened, owner):
    url = server.serve(descriptor(key="com.example.private", enableLicensing=True), "/private.json")
    private = catalog.list_app(vendor.pk, url, by=owner, now=AT)
    draft(private, owner, replace(WHOLE, features=(replace(PANEL, modules=()), replace(FORECAST, modules=()))))
    commands.submit(private.app_key, by=owner, now=AT)
    catalog.submit_listing(private.app_key, by=owner, now=AT)
    catalog.withdraw_submission(private.app_key, by=owner, now=AT)

    assert {review.kind: review.state for review in private.reviews.all()} == {
        "editions": "waiting",
        "listing": "superseded",
    }


def test_an_app_that_became_free_meanwhile_does_not_get_editions(server, opened, owner, operator):
    draft(opened, owner)
    commands.submit(opened.app_key, by=owner, now=AT)
    becomes_free(server, opened, operator)

    with pytest.raises(ProblemsError, match="free"):
        reviews.approve(waiting(opened).pk, by=operator, now=LATER)
    assert queries.find_editions(opened).state == "submitted"


def test_paid_to_free_is_a_version_that_is_reviewed_before_sites_hear_of_it(server, opened, operator):
    """The payment model changes only by a new version and through review. Source: domain.md 9.1, 12 no. 19."""
    server.serve(descriptor())
    poll(opened, AT)

    review = Review.objects.get(listing=opened, state="waiting")
    assert (review.kind, review.version.number, review.reasons[0]["rule"]) == ("version", "1.0.1", "review.payment")
    assert queries.is_paid(opened)


def becomes_free(server, listing, operator):
    server.serve(descriptor(modules=None))
    poll(listing, LATER - HOUR)
    review = Review.objects.get(listing=listing, kind="version", state="waiting")
    reviews.approve(review.pk, by=operator, now=LATER)
    listing.refresh_from_db()


def test_after_early_access_was_closed_nothing_new_goes_live_and_live_ones_stay(opened, owner, operator):
    draft(opened, owner)
    commands.submit(opened.app_key, by=owner, now=AT)
    close(opened, operator)
    with pytest.raises(ConflictError, match="not open to this vendor any more"):
        reviews.approve(waiting(opened).pk, by=operator, now=AT)

    commands.set_early_access(opened.vendor_id, is_open=True, by=operator, now=AT)
    approve(opened, operator)
    close(opened, operator)
    assert queries.live_at(opened.pk) == AT
    draft(opened, owner, dearer(opened))
    commands.submit(opened.app_key, by=owner, now=LATER)
    commands.withdraw_submission(opened.app_key, by=owner, now=LATER)
    commands.withdraw_live(opened.app_key, by=owner, now=LATER)
    with pytest.raises(ForbiddenError):
        commands.submit(opened.app_key, by=owner, now=LATER)


def close(listing, operator):
    commands.set_early_access(listing.vendor_id, is_open=False, by=operator, now=AT)


def dearer(listing):
    """What is live, for more."""
    live = queries.live_draft(listing)
    return replace(live, prices=(PRICES[0], replace(PRICES[1], per_user=Decimal(9))))


def test_texts_of_live_editions_change_at_once(opened, owner, operator):
    go_live(opened, owner, operator)
    live = queries.live_draft(opened)
    draft(opened, owner, replace(live, features=tuple(replace(each, text="New.") for each in reversed(live.features))))

    now = queries.live_draft(opened)
    assert [(each.name, each.text) for each in now.features] == [("Forecast", "New."), ("Panel", "New.")]
    with pytest.raises(ConflictError, match="Nothing is to change"):
        commands.submit(opened.app_key, by=owner, now=LATER)


def test_mapping_and_prices_of_live_editions_wait_for_an_operator(opened, owner, operator):
    go_live(opened, owner, operator)
    editions = draft(opened, owner, dearer(opened))
    assert (editions.state, queries.live_draft(opened).price_of("advanced", "monthly")) == ("live", Decimal(4))

    commands.submit(opened.app_key, by=owner, now=LATER)
    with pytest.raises(ConflictError, match="submitted already"):
        commands.submit(opened.app_key, by=owner, now=LATER)
    editions = approve(opened, operator, now=LATER)
    assert (editions.draft, editions.live_at) == (None, AT)
    assert queries.live_draft(opened).price_of("advanced", "monthly") == Decimal(9)


def test_a_rejected_change_leaves_live_what_is_live(opened, owner, operator):
    go_live(opened, owner, operator)
    draft(opened, owner, dearer(opened))
    commands.submit(opened.app_key, by=owner, now=LATER)
    reviews.reject(waiting(opened).pk, comment="Too dear.", by=operator, now=LATER)

    editions = queries.find_editions(opened)
    assert (editions.state, editions.comment) == ("live", "Too dear.")
    assert queries.live_draft(opened).price_of("advanced", "monthly") == Decimal(4)
    assert queries.drafted(editions).price_of("advanced", "monthly") == Decimal(9)


def test_a_change_that_is_taken_back_is_no_change(opened, owner, operator):
    go_live(opened, owner, operator)
    draft(opened, owner, dearer(opened))
    editions = draft(opened, owner, queries.live_draft(opened))

    assert editions.draft is None


def test_live_editions_are_not_withdrawn_while_somebody_pays_for_advanced(opened, owner, operator, host):
    go_live(opened, owner, operator)
    for number, terms in enumerate(
        [
            {"edition": "advanced"},
            {"edition": "advanced", "state": "cancelled"},
            {"edition": "advanced", "edition_trial_ends_at": LATER},
            {"edition": "advanced", "state": "expired"},
            {"edition": "standard"},
            {},
        ]
    ):
        grant(make_site(host[0], 10 + number), opened, **terms)

    with pytest.raises(ConflictError, match="2 licenses are paid for Advanced") as error:
        commands.withdraw_live(opened.app_key, by=owner, now=LATER)
    assert error.value.rule == commands.STILL_PAID

    opened.licenses.filter(state__in=["active", "cancelled"]).update(edition="standard")
    editions = commands.withdraw_live(opened.app_key, by=owner, now=LATER)
    assert (editions.state, editions.live_at, queries.live_at(opened.pk)) == ("draft", None, None)
    assert len(queries.drafted(editions).features) == 2
    with pytest.raises(ConflictError, match="not live"):
        commands.withdraw_live(opened.app_key, by=owner, now=LATER)


def test_editions_that_go_live_again_do_so_from_then_on(opened, owner, operator):
    go_live(opened, owner, operator)
    commands.withdraw_live(opened.app_key, by=owner, now=LATER)
    commands.submit(opened.app_key, by=owner, now=LATER)

    assert approve(opened, operator, now=LATER + HOUR).live_at == LATER + HOUR


def test_a_module_that_leaves_the_live_version_may_stay_until_the_next_submission(server, opened, owner, operator):
    go_live(opened, owner, operator)
    server.serve(descriptor(enableLicensing=True))
    poll(opened, LATER)
    live = queries.live_draft(opened)
    assert "forecast" not in {each.key for each in queries.module_choices(opened)}

    draft(opened, owner, replace(live, features=(live.features[0], replace(live.features[1], name="Better"))))
    with pytest.raises(ProblemsError, match="no module with the key 'forecast'"):
        commands.submit(opened.app_key, by=owner, now=LATER)
