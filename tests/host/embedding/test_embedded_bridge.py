"""The bridge in Chromium, with apps on origins of their own: what apps can ask, and what they cannot."""

import pytest
from tests.host.embedding.stagehands import Theatre, app_frame, call, claims, shoot

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PANEL = {"key": "panel", "name": {"value": "A panel"}, "url": "/panel?issue={issue.key}",
         "location": "atl.jira.view.issue.right.context"}  # fmt: skip


def test_a_panel_of_an_app_stands_on_an_issue_with_a_signed_address_and_reads_its_context(house: Theatre) -> None:
    installation = house.install("first", house.first.base_url, webPanels=[PANEL])

    page = house.page(f"/browse/{house.issue.key}", house.user)
    frame = app_frame(page, house.first, "/panel")
    context = call(frame, "AP.context.getContext(done)")
    token = call(frame, "AP.context.getToken(done)")
    shoot(page, "panel-on-an-issue")

    sent = dict(house.first.parameters("/panel"))
    assert claims(sent["jwt"])["iss"] == installation.client_key
    assert claims(sent["jwt"])["sub"] == str(house.user.user.pk)
    told = {"issue": {"id": str(house.issue.pk), "key": "DEMO-1", "issuetype": {"id": "10001"}},
            "project": {"id": str(house.project.pk), "key": "DEMO"}}  # fmt: skip
    assert context == {"jira": told, "license": {"active": False}}
    assert claims(token)["qsh"] == "context-qsh"
    assert claims(token)["context"] == {"jira": told}
    assert house.errors == []
