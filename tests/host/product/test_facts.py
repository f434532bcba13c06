"""What conditions learn of a viewer and a place."""

from dataclasses import replace

import pytest
from tests.host.product.conftest import NOW, Place

from tradepost.core.condition import MISSING, evaluate, parse_conditions
from tradepost.host.product import commands, properties
from tradepost.host.product.facts import condition_facts
from tradepost.host.product.models import Issue


def shows(place: Place, who: str, condition: dict, *, number: int | None = 1) -> bool:
    """Whether a condition holds for somebody on an issue, or on no issue."""
    issue = Issue.objects.get(project=place.project, number=number) if number is not None else None
    viewer = place.user(who) if who != "nobody" else None
    return evaluate(parse_conditions([condition]), condition_facts(place.site, viewer, issue=issue)).shows


@pytest.mark.parametrize(
    ("condition", "holds_for"),
    [
        ({"condition": "user_is_logged_in"}, {"ann", "uma"}),
        ({"condition": "user_is_admin"}, {"ann"}),
        ({"condition": "user_is_sysadmin"}, {"ann"}),
        ({"condition": "user_is_project_admin"}, {"ann"}),
        ({"condition": "has_issue_permission", "params": {"permission": "EDIT_ISSUES"}}, {"ann", "uma"}),
        ({"condition": "has_project_permission", "params": {"permission": "delete_issues"}}, {"ann"}),
        ({"condition": "has_project_permission", "params": {"permission": "LINK_ISSUES"}}, set()),
        ({"condition": "has_global_permission", "params": {"permission": "ADMINISTER"}}, {"ann"}),
        ({"condition": "has_selected_project"}, {"ann", "uma", "eve", "nobody"}),
        ({"condition": "is_issue_editable"}, {"ann", "uma"}),
        ({"condition": "is_issue_reported_by_current_user"}, {"ann"}),
        ({"condition": "can_use_application", "params": {"applicationKey": "jira-software"}}, {"ann", "uma"}),
    ],
)
def test_conditions_hold_for_whom_they_should(place: Place, condition: dict, holds_for: set[str]) -> None:
    assert {who for who in ("ann", "uma", "eve", "nobody") if shows(place, who, condition)} == holds_for


def test_an_issue_that_is_done_is_resolved_and_assigned_to_whom_it_is(place: Place) -> None:
    unresolved, assigned = {"condition": "is_issue_unresolved"}, {"condition": "is_issue_assigned_to_current_user"}
    assert [shows(place, "uma", unresolved, number=number) for number in (1, 2)] == [False, True]
    assert [shows(place, "ann", assigned, number=number) for number in (1, 2)] == [False, True]
    assert not shows(place, "uma", unresolved, number=None)


def test_properties_of_issue_project_and_viewer_are_found(place: Place) -> None:
    ann, uma = place.actor("ann"), place.user("uma")
    for kind, ref in (("issue", "DEMO-1"), ("project", "DEMO"), ("user", str(uma.pk))):
        keeper = properties.keeper_of(kind, ref, by=ann, is_write=True)
        properties.set_property(keeper, "flag", b'{"on": null}', by=ann, now=NOW)
    facts = condition_facts(place.site, uma, issue=Issue.objects.get(project=place.project, number=1))

    assert [facts.entity_property(kind, "flag") for kind in ("issue", "project", "user")] == [{"on": None}] * 3
    assert [facts.entity_property(kind, "other") for kind in ("issue", "addon", "comment")] == [MISSING] * 3
    assert facts.context["issue.key"] == "DEMO-1"


def test_deleting_an_issue_deletes_what_apps_kept_with_it(place: Place) -> None:
    ann = place.actor("ann")
    keeper = properties.keeper_of("issue", "DEMO-1", by=ann)
    properties.set_property(keeper, "flag", b"1", by=ann, now=NOW)
    commands.delete_issue("DEMO-1", by=ann, now=NOW)
    assert properties.find_keys(keeper) == []


def test_a_license_is_added_by_who_knows_it(place: Place) -> None:
    facts = replace(condition_facts(place.site, place.user("uma")), licensed=True)
    assert evaluate(parse_conditions([{"condition": "addon_is_licensed"}]), facts).shows
