"""Reviews: when one is due, what an operator's decision does, and what happens to newer versions meanwhile."""

import pytest
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor

from tradepost.core.errors import (
    ConflictError,
    ForbiddenError,
    IllegalTransitionError,
    InvalidInputError,
    NotFoundError,
)
from tradepost.foundation.models import AuditEntry, OutgoingMail
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.reviews import commands, queries
from tradepost.marketplace.reviews.models import Review

pytestmark = pytest.mark.django_db

LATER = START + 5 * HOUR
OTHER = "http://127.0.0.2:9001/app"


def states(listing):
    return {version.number: version.state for version in listing.versions.all()}


def waiting(listing):
    return {r.version.number: r for r in Review.objects.filter(listing=listing, state="waiting")}


def test_submitting_asks_for_a_review_of_the_newest_version(listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)

    (review,) = queries.waiting(operator)
    assert (review.kind, review.version.number, review.reasons[0]["rule"]) == ("listing", "1.0.0", "review.first")


def test_every_operator_is_told_by_mail_that_a_review_waits(listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)

    mail = OutgoingMail.objects.get(to=operator.actor)
    assert "A review waits" in mail.subject
    assert f"/reviews/{Review.objects.get().pk}/" in mail.text


def test_approval_makes_the_listing_public_and_tells_the_vendor(listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)
    before = listing.offer_serial
    commands.approve(queries.waiting(operator).get().pk, by=operator, now=START, comment="Nice.")

    listing.refresh_from_db()
    assert (listing.state, listing.offered.number) == ("public", "1.0.0")
    assert listing.offer_serial > before
    assert "Nice." in OutgoingMail.objects.get(subject="Example: the review was passed").text
    assert AuditEntry.objects.filter(action__in=["review.approved", "listing.approved"]).count() == 2


def test_rejection_needs_a_reason_and_the_vendor_reads_it(listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)
    review = queries.waiting(operator).get()
    with pytest.raises(InvalidInputError):
        commands.reject(review.pk, comment=" ", by=operator, now=START)
    commands.reject(review.pk, comment="No logo.", by=operator, now=START)

    listing.refresh_from_db()
    assert listing.state == "private"
    assert "No logo." in OutgoingMail.objects.get(subject="Example: the review was not passed").text


def test_a_review_is_decided_once(listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)
    review = queries.waiting(operator).get()
    commands.approve(review.pk, by=operator, now=START)

    for decide in (commands.approve, commands.reject):
        with pytest.raises(ConflictError, match="approved already"):
            decide(review.pk, by=operator, now=START, comment="again")


def test_vendors_decide_nothing_and_strangers_see_nothing(listing, owner, stranger):
    catalog.submit_listing(listing.app_key, by=owner, now=START)
    review = Review.objects.get()

    with pytest.raises(ForbiddenError):
        commands.approve(review.pk, by=owner, now=START)
    with pytest.raises(NotFoundError):
        commands.approve(review.pk, by=stranger, now=START)


def test_a_submission_can_be_withdrawn_and_made_again(listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)
    with pytest.raises(IllegalTransitionError):
        catalog.submit_listing(listing.app_key, by=owner, now=START)
    catalog.withdraw_submission(listing.app_key, by=owner, now=START)

    assert Review.objects.get().state == "superseded"
    assert catalog.submit_listing(listing.app_key, by=owner, now=START).state == "submitted"


@pytest.mark.parametrize("change", [{"baseUrl": OTHER}, {"enableLicensing": True}])
def test_a_public_app_that_moves_or_becomes_paid_is_reviewed_before_sites_hear_of_it(
    server, public_listing, operator, change
):
    server.serve(descriptor(**change))
    poll(public_listing, LATER)
    number = "1.1.0" if "enableLicensing" in change else "1.0.1"
    assert states(public_listing) == {"1.0.0": "offered", number: "in_review"}
    assert public_listing.offered.number == "1.0.0"

    commands.approve(waiting(public_listing)[number].pk, by=operator, now=LATER)

    public_listing.refresh_from_db()
    assert public_listing.offered.number == number


def test_review_stays_due_for_later_versions_while_the_move_is_not_approved(server, public_listing, operator):
    server.serve(descriptor(baseUrl=OTHER))
    poll(public_listing, LATER)
    server.serve(descriptor(baseUrl=OTHER, name="Renamed"))
    poll(public_listing, LATER + HOUR)
    assert set(waiting(public_listing)) == {"1.0.1", "1.0.2"}

    commands.approve(waiting(public_listing)["1.0.1"].pk, by=operator, now=LATER)

    public_listing.refresh_from_db()
    assert states(public_listing)["1.0.2"] == "offered"
    assert public_listing.offered.number == "1.0.2"
    assert waiting(public_listing) == {}


def test_approving_the_newest_supersedes_the_older_ones(server, public_listing, operator):
    test_two = [descriptor(baseUrl=OTHER), descriptor(baseUrl=OTHER, name="Renamed")]
    for hours, document in enumerate(test_two):
        server.serve(document)
        poll(public_listing, LATER + hours * HOUR)
    commands.approve(waiting(public_listing)["1.0.2"].pk, by=operator, now=LATER)

    assert states(public_listing) == {"1.0.0": "offered", "1.0.1": "superseded", "1.0.2": "offered"}
    assert waiting(public_listing) == {}


def test_a_move_that_is_taken_back_needs_no_review(server, public_listing):
    server.serve(descriptor(baseUrl=OTHER))
    poll(public_listing, LATER)
    server.serve(descriptor())
    poll(public_listing, LATER + HOUR)

    assert states(public_listing) == {"1.0.0": "offered", "1.0.1": "superseded", "1.0.2": "offered"}
    assert waiting(public_listing) == {}


def test_a_rejected_version_is_never_offered_and_its_number_not_used_again(server, public_listing, operator):
    server.serve(descriptor(baseUrl=OTHER))
    poll(public_listing, LATER)
    commands.reject(waiting(public_listing)["1.0.1"].pk, comment="Not yours.", by=operator, now=LATER)
    server.serve(descriptor())
    poll(public_listing, LATER + HOUR)

    assert states(public_listing) == {"1.0.0": "offered", "1.0.1": "rejected", "1.0.2": "offered"}


def test_a_move_made_while_the_listing_was_submitted_is_reviewed_after_approval(server, listing, owner, operator):
    catalog.submit_listing(listing.app_key, by=owner, now=START)
    server.serve(descriptor(name="Renamed"))
    poll(listing, LATER)
    server.serve(descriptor(name="Renamed", baseUrl=OTHER))
    poll(listing, LATER + HOUR)
    commands.approve(waiting(listing)["1.0.0"].pk, by=operator, now=LATER + 2 * HOUR)

    listing.refresh_from_db()
    assert states(listing) == {"1.0.0": "offered", "1.0.1": "offered", "1.0.2": "in_review"}
    assert (listing.state, listing.offered.number) == ("public", "1.0.1")
    assert set(waiting(listing)) == {"1.0.2"}


def test_making_an_app_private_offers_what_was_in_review(server, public_listing, owner):
    server.serve(descriptor(baseUrl=OTHER))
    poll(public_listing, LATER)
    catalog.make_private(public_listing.app_key, by=owner, now=LATER)

    public_listing.refresh_from_db()
    assert (public_listing.state, public_listing.offered.number) == ("private", "1.0.1")
    assert waiting(public_listing) == {}
