"""What waits for an administrator: a major, side by side with what was granted; and permissions behind their code."""

import pytest
from tests.host.browsers import Browser, said, text_of
from tests.host.deployed_pages.rows import MORE, learn, manifest, put, rolling

from tradepost.core.plan import Rollout
from tradepost.host.approvals import wording
from tradepost.host.approvals.models import Approval
from tradepost.host.upgrading.models import Upgrade

PAGE = "/alpha/apps/demo/"
REASON = {
    "rule": "manifest_scope.added", "pointer": "/permissions/scopes/1", "change": "major", "consent": True,
    "text": "A scope is new.", "line": 77, "column": 13,
}  # fmt: skip


def shown(browser, page=PAGE):
    answer = browser.get(page)
    assert answer.status_code == 200, answer.content
    return text_of(answer)


@pytest.fixture
def major(world, site):
    """Version 2.4.0 runs, 3.0.0 waits, and 2.5.0 is on its way."""
    old = manifest(permissions={"scopes": ["read:connect-jira"], "external": {"images": ["old.example"]}})
    running, within = learn(world, "2.4.0", old), learn(world, "2.5.0", old)
    newest = learn(world, "3.0.0", manifest(permissions=MORE), reasons=[REASON])
    put(world, site, running=running, newest=newest, within=within)
    return Approval.objects.get(site=site, state="waiting")


@pytest.fixture
def ahead(world, site):
    """The code of 3.0.0 runs with the permissions of 2.4.0."""
    granted = learn(world, "2.4.0", manifest())
    running = learn(world, "3.0.0", manifest(permissions=rolling(MORE)))
    put(world, site, running=running, granted=granted)
    return Approval.objects.get(site=site, state="waiting")


def test_a_major_shows_what_is_granted_beside_what_is_asked_and_says_what_is_new(site, admin, major):
    for page in (shown(admin), shown(admin, f"/approvals/{major.pk}")):
        assert "Version 3.0.0 asks for more" in page
        assert "The app moves to its major version 3, which a site never does unasked." in page
        assert "The app may Granted (2.4.0) Asked (3.0.0)" in page
        assert "Create and change content in the site (write:connect-jira) no asked new" in page
        assert "Read what is in the site (read:connect-jira) granted asked" in page
        assert "Its service reaches stats.example (analytics) no asked new" in page
        assert "Its pages load images from old.example granted no gone" in page
        assert "connect: https://app.example/base granted asked" in page


def test_minor_versions_keep_coming_while_a_major_waits(site, admin, major):
    for page in (shown(admin), shown(admin, f"/approvals/{major.pk}")):
        assert "The site stays on major 2." in page
        assert "Minor versions of major 2 keep coming by themselves; 2.5.0 is on its way." in page
    assert "minor versions of a deployed app keep coming" in shown(admin, "/approvals/")


def test_reasons_are_shown_without_lines_and_columns(site, admin, major):
    page = shown(admin, f"/approvals/{major.pk}")

    assert "What is new in 3.0.0 A scope is new." in page
    assert "What makes it another major version" in page
    assert "77" not in page
    assert "13" not in page.replace(str(major.pk), "")


def test_only_an_administrator_of_the_site_decides(world, site, admin, user, major):
    page, decision = f"/approvals/{major.pk}", f"/approvals/{major.pk}/decision"
    assert "An administrator of the site decides." in shown(user, page)
    assert 'value="approve"' not in user.get(page).content.decode()
    assert Browser(world.admins[world.site("beta").pk]).get(page).status_code == 404

    done = admin.submit(page, decision, answer="approve")
    assert "The site moves to version 3.0.0 at once." in said(done)
    assert Approval.objects.get(pk=major.pk).state == "approved"


def test_declining_keeps_the_major_and_its_minors(site, admin, major):
    done = admin.submit(PAGE, f"/approvals/{major.pk}/decision", answer="decline")
    page = said(done)

    assert "What version 3.0.0 asks was declined" in page
    assert "The site stays on major 2. Minor versions of major 2 keep coming by themselves" in page
    assert "An administrator can change their mind at any time." in page


def test_code_that_is_ahead_of_its_permissions_shows_both_and_what_that_means(site, admin, ahead):
    page = shown(admin)

    assert "those of version 2.4.0, which this site has granted; its code is ahead of them" in page
    assert "Version 3.0.0 runs here and asks for more" in page
    assert "The app may Granted (2.4.0) Asked (3.0.0)" in page
    assert "Create and change content in the site (write:connect-jira) no asked new" in page
    assert "came by a rollout of its vendor, ahead of its permissions" in page
    assert "Approving grants what it asks, and changes no code." in page
    assert "Minor versions of major 3 keep coming by themselves" in page


def test_the_rights_that_are_shown_are_those_that_were_granted(site, admin, ahead):
    page = shown(admin).partition("What it may do on this site")[2]

    assert "What this site has granted with version 2.4.0." in page
    assert "Permissions of version 2.4.0" in page
    assert "Create and change content in the site" not in page.partition("Not rendered here")[0]


@pytest.mark.parametrize("page", ["/alpha/apps/", "/alpha/manage/"])
def test_lists_of_apps_name_both_numbers(site, admin, ahead, page):
    assert "3.0.0 permissions of 2.4.0" in shown(admin, page)


def test_the_list_of_apps_leads_to_the_question_although_the_newest_runs(site, admin, ahead):
    assert "waits for a decision" in shown(admin, "/alpha/apps/")
    assert "those of version 2.4.0; its code is ahead" in shown(admin, "/alpha/manage/demo/")
    assert "The permissions of 3.0.0, whose code runs already" in shown(admin, "/approvals/")


def test_permissions_are_approved_without_moving_the_code(site, admin, ahead):
    done = admin.submit(PAGE, f"/approvals/{ahead.pk}/decision", answer="approve")

    assert "Approved. Version 3.0.0 gets what it asks at once." in said(done)
    assert Upgrade.objects.filter(site_id=site.pk, to_number="3.0.0", from_number="3.0.0").exists()
    assert "permissions only; code unchanged" in shown(admin, f"{PAGE}upgrades/")


def test_declining_permissions_leaves_the_code(site, admin, ahead):
    done = admin.submit(PAGE, f"/approvals/{ahead.pk}/decision", answer="decline")

    assert "The app keeps the permissions that it has" in said(done)
    assert "Version 3.0.0 runs with what the site granted with version 2.4.0." in shown(admin)


def test_a_rollout_without_new_rights_says_why_nobody_is_asked(world, site, admin):
    scopes = {"scopes": ["read:connect-jira", "write:connect-jira"]}
    running = learn(world, "2.0.0", manifest(permissions=scopes))
    newest = learn(world, "3.0.0", manifest())
    put(world, site, running=running, newest=newest, rollout=Rollout.BULK)
    page = shown(admin)

    assert "nobody is asked although it is another major" in page
    assert 'value="approve"' not in admin.get(PAGE).content.decode()


def test_a_rolling_release_says_that_only_code_comes(world, site, admin):
    running = learn(world, "2.0.0", manifest())
    newest = learn(world, "3.0.0", manifest(permissions=rolling(MORE)))
    put(world, site, running=running, newest=newest, rollout=Rollout.ROLLING)

    page = shown(admin)
    assert "Only its code comes: what the app may do here stays what it is" in page
    assert "the app may do here what it could with version 2.0.0" in page
    assert "The site stays on major 2" not in page
    assert "code only; permissions unchanged" in shown(admin, f"{PAGE}upgrades/")


def test_a_mail_can_spell_out_what_a_manifest_newly_names(world, site, major):
    asked = list(wording.asked(Approval.objects.get(pk=major.pk)))

    assert asked[:2] == [
        "The app wants to create and change content in the site (WRITE).",
        "The app moves to its major version 3, which a site never does unasked.",
    ]
    assert "New: Its service reaches stats.example (analytics)" in asked
    assert "New: styles: unsafe-inline" in asked
    assert not [each for each in asked if "write:connect-jira" in each or "old.example" in each]
