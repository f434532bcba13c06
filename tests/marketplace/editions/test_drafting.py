"""Drafting editions: what is refused and how, what is missing to go live, what is worth a look."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.marketplace.editions.offering import AT, BOTH, FORECAST, PANEL, PRICES, WHOLE, draft

from tradepost.core.errors import ConflictError, ForbiddenError, NotFoundError, ProblemsError
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.editions import commands, queries
from tradepost.marketplace.editions.checks import find_missing, find_warnings
from tradepost.marketplace.editions.drafts import Draft, FeatureDraft, PriceDraft
from tradepost.marketplace.editions.models import Feature

pytestmark = pytest.mark.django_db


def refused(listing, owner, what):
    """The texts by their places."""
    with pytest.raises(ProblemsError) as error:
        draft(listing, owner, what)
    return {problem.pointer: problem.text for problem in error.value.problems}


def test_a_draft_is_kept_in_its_order_and_nobody_sees_it(opened, owner):
    editions = draft(opened, owner)

    kept = queries.drafted(editions)
    assert [(each.name, each.in_editions, each.modules) for each in kept.features] == [
        ("Panel", BOTH, ("panel",)),
        ("Forecast", ("advanced",), ("forecast", "panel")),
    ]
    assert kept.prices == PRICES
    assert (editions.state, editions.revision, queries.live_at(opened.pk)) == ("draft", 1, None)
    assert queries.has_editions(opened)
    assert AuditEntry.objects.filter(action="editions.drafted", scope_id=opened.vendor_id).count() == 1


def test_a_vendor_to_whom_editions_are_not_open_drafts_nothing(closed, owner):
    with pytest.raises(ForbiddenError, match="not open to this vendor"):
        draft(closed, owner)

    assert queries.find_editions(closed) is None


def test_people_of_another_vendor_do_not_find_the_app(opened, stranger):
    with pytest.raises(NotFoundError):
        draft(opened, stranger)


def test_a_module_that_the_live_version_has_not_is_refused_with_its_place(opened, owner):
    what = replace(WHOLE, features=(PANEL, replace(FORECAST, modules=("forecast", "gone"))))

    assert refused(opened, owner, what) == {
        "/features/1/modules/1": "The live version has no module with the key 'gone'."
    }


def test_a_feature_in_no_edition_is_refused(opened, owner):
    found = refused(opened, owner, replace(WHOLE, features=(replace(PANEL, in_editions=()),)))

    assert found["/features/0/editions"].startswith("'Panel' is in no edition")


def test_everything_wrong_is_told_at_once(opened, owner):
    what = Draft(
        currency="dollars",
        features=(
            FeatureDraft(name=" ", kind="magic", in_editions=("gold",)),
            FeatureDraft(name="Twice", in_editions=BOTH),
            FeatureDraft(name="TWICE", in_editions=BOTH, id="00000000-0000-0000-0000-000000000001"),
            FeatureDraft(name="Turned \u202e", text="\x07", in_editions=BOTH),
            FeatureDraft(name="n" * 101, text="t" * 501, in_editions=BOTH),
        ),
        prices=(
            PriceDraft(edition="standard", period="weekly", per_user=Decimal(-1)),
            PriceDraft(edition="advanced", period="monthly", per_user=Decimal("1.005")),
            PriceDraft(edition="advanced", period="monthly", per_user=Decimal("NaN")),
            PriceDraft(edition="advanced", period="annual", per_user=Decimal("1e9999")),
        ),
    )

    assert set(refused(opened, owner, what)) == {
        "/currency",
        *(f"/features/0/{part}" for part in ("name", "kind", "editions")),
        "/features/1/name",
        "/features/2/name",
        "/features/2/id",
        *(f"/features/{at}/{part}" for at in (3, 4) for part in ("name", "text")),
        "/prices/0/period",
        "/prices/0/per_user",
        "/prices/1/per_user",
        "/prices/2",
        "/prices/2/per_user",
        "/prices/3/per_user",
    }


def test_more_features_than_anybody_reads_are_refused(opened, owner):
    many = tuple(FeatureDraft(name=f"f{n}", in_editions=BOTH) for n in range(101))

    assert set(refused(opened, owner, Draft(features=many))) == {"/features"}


def test_a_draft_made_from_what_somebody_has_changed_meanwhile_is_refused(opened, owner):
    draft(opened, owner)

    with pytest.raises(ConflictError) as error:
        commands.save_draft(opened.app_key, WHOLE, revision=0, by=owner, now=AT)
    assert error.value.rule == commands.CHANGED_MEANWHILE


def test_two_features_can_swap_their_names(opened, owner):
    editions = draft(opened, owner)
    first, second = queries.drafted(editions).features
    draft(opened, owner, replace(WHOLE, features=(replace(first, name="Forecast"), replace(second, name="Panel"))))

    assert {str(row.pk): row.name for row in Feature.objects.all()} == {first.id: "Forecast", second.id: "Panel"}


def test_what_is_missing_to_go_live_is_told_one_by_one():
    texts = {problem.text for problem in find_missing(Draft(features=(PANEL,)), paid=False, modules=())}

    assert texts == {
        "The live version is free. Editions are for paid apps: publish a version with enableLicensing: true.",
        "Standard has no price.",
        "Advanced has no price.",
        "The live version has no module with the key 'panel'.",
    }


def test_an_edition_without_any_feature_is_missing_some():
    what = replace(WHOLE, features=(replace(PANEL, in_editions=("standard",)),))

    (problem,) = find_missing(what, paid=True, modules=["panel"])
    assert problem.text == "No feature is in Advanced."


def test_every_edition_is_sold_for_the_periods_of_the_others():
    annual = PriceDraft(edition="advanced", period="annual", per_user=Decimal(40))

    (problem,) = find_missing(replace(WHOLE, prices=(*PRICES, annual)), paid=True, modules=["panel", "forecast"])
    assert problem.text == "Standard has no annual price, another edition has one."


def test_a_feature_that_an_upgrade_loses_and_a_price_that_does_not_rise_are_worth_a_look():
    cheap = (PRICES[0], replace(PRICES[1], per_user=Decimal("2.50")))
    what = replace(WHOLE, features=(replace(PANEL, in_editions=("standard",)), FORECAST), prices=cheap)

    assert [problem.rule for problem in find_warnings(what)] == ["editions.lost_by_upgrade", "editions.not_dearer"]
    assert find_warnings(WHOLE) == ()


def test_an_advanced_edition_with_nothing_more_is_worth_a_look():
    assert [each.rule for each in find_warnings(replace(WHOLE, features=(PANEL,)))] == ["editions.nothing_more"]
