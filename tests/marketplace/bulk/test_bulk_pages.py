"""The pages about rollouts: looking ahead, starting, how far one is, cancelling."""

import html
import json
import re
from datetime import timedelta

import pytest
from tests.marketplace.browsing import after, sign_in, text_of
from tests.marketplace.bulk.making import APP_MANAGED, MORE_SCOPES, manifest, states
from tests.marketplace.conftest import START

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.bulk.models import BulkUpgrade
from tradepost.marketplace.hosts.models import SiteRecord

pytestmark = pytest.mark.django_db
WANTED = {"environment": "production", "from_major": "1", "to_version": "", "limit": ""}


@pytest.fixture
def place(world):
    return f"/deployed-apps/{world.app.pk}/rollouts/"


@pytest.fixture
def browser(owner):
    return sign_in(owner)


def test_before_the_start_the_page_says_how_many_sites_and_who_is_not_taken_and_why(world, place, browser):
    poorer = world.version("1.2.0", manifest({"permissions": {"external": None}}))
    world.sites(3, world.old)
    world.sites(2, poorer)

    page = text_of(browser.get(f"{place}new/", WANTED | {"limit": "2"}))

    assert "Start it for 2 sites" in page
    assert re.search(r"May go there</dt><dd>3<", page)
    assert "1 remain for the next rollout" in page
    assert "Sites that are not taken" in page
    assert "egress.added" in page
    assert "1.x, 5 sites" in page
    assert not BulkUpgrade.objects.exists()


def test_of_a_rolling_release_the_page_says_what_is_asked_afterwards(world, place, browser):
    world.version("3.0.0", manifest(MORE_SCOPES, APP_MANAGED))
    world.sites(1, world.old)

    page = text_of(browser.get(f"{place}new/", WANTED))

    assert "Code ahead of permissions" in page
    assert "What administrators are asked afterwards" in page
    assert "manifest_scope.added" in page


def test_what_cannot_be_started_has_no_button_and_says_why(world, place, browser):
    world.version("3.0.0", manifest(MORE_SCOPES))
    world.sites(1, world.old)

    page = text_of(browser.get(f"{place}new/", WANTED))

    assert "may go to 3.0.0 unasked" in page
    assert "nothing new is asked" not in page
    assert "manifest_scope.added" in page
    assert "Start it" not in page


def test_confirming_starts_it_and_leads_to_its_page(world, place, browser):
    world.sites(2, world.old)

    page = after(browser.post(f"{place}new/", WANTED, follow=True))

    bulk = BulkUpgrade.objects.get()
    assert "The rollout has begun" in page
    assert f'hx-get="{place}{bulk.pk}/progress/"' in page
    assert (bulk.started_by, states(bulk)) == ("owner@acme.test", {"pending": 2})


def test_a_second_one_is_refused_on_the_page_with_a_link_to_the_first(world, place, browser):
    world.sites(2, world.old)
    bulk = world.start(limit=1)

    answer = browser.post(f"{place}new/", WANTED)
    assert answer.status_code == 422
    assert "runs already" in answer.content.decode()
    page = text_of(browser.get(f"{place}new/", WANTED))
    assert "runs already" in page
    assert f'href="{place}{bulk.pk}/"' in page
    assert "Start it" not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"from_major": "x"}, {"from_major": "7"}, {"from_major": "-1"}, {"from_major": "9" * 4000},
        {"to_version": "9.9.9"}, {"limit": "0"}, {"limit": "-1"}, {"limit": "1e9"}, {"limit": "9" * 4000},
    ],
)  # fmt: skip
def test_what_means_nothing_is_shown_again_and_starts_nothing(world, place, browser, wrong):
    world.sites(1, world.old)

    assert browser.post(f"{place}new/", WANTED | wrong).status_code == 422
    assert browser.get(f"{place}new/", WANTED | wrong).status_code == 422
    assert not BulkUpgrade.objects.exists()


def test_an_environment_without_anything_to_roll_out_says_so(world, place, browser):
    assert "Nothing is offered in staging yet" in text_of(browser.get(f"{place}new/?environment=staging"))
    assert "No site in production runs an older major" in text_of(browser.get(f"{place}new/?environment=nowhere"))


def test_the_page_of_a_rollout_says_how_far_it_is_and_where_it_failed(world, place, browser):
    done, failed, waiting, silent = world.sites(4, world.old)
    bulk = world.start(now=domain_now() - timedelta(hours=3))
    now = domain_now() - timedelta(hours=1)
    world.report(done, running=world.new, now=now)
    world.report(failed, running=world.old, state="failed", text="It said <b>500</b>.", now=now)
    world.report(waiting, running=world.old, state="waiting_window", now=now)

    page = text_of(browser.get(f"{place}{bulk.pk}/"))

    assert '<progress value="2" max="4"' in page
    assert "It said &lt;b&gt;500&lt;/b&gt;." in page
    assert failed.name in page
    assert "waits for its window" in page
    assert "has not answered yet" in page
    assert silent.name in page
    assert "50 %" in page
    chart = json.loads(html.unescape(re.search(r'data-chart="([^"]+)"', page)[1]))
    assert {each["label"]: each["values"][-1] for each in chart["series"]} == {
        "upgraded": 1, "pending": 2, "failed": 1,
    }  # fmt: skip
    assert chart["series"][1]["values"][0] == 4


def test_the_progress_refreshes_itself_until_the_end(world, place, browser):
    (site,) = world.sites(1, world.old)
    bulk = world.start()
    part = f"{place}{bulk.pk}/progress/"

    assert "hx-trigger" in text_of(browser.get(part))
    world.report(site, running=world.new)

    page = text_of(browser.get(part))
    assert "hx-trigger" not in page
    assert "completed" in page
    assert "Cancel it" not in page


def test_sites_are_filtered_by_state_and_come_in_pages(world, place, browser):
    sites = world.sites(60, world.old)
    bulk = world.start()
    world.report(sites[0], running=world.new)

    page = text_of(browser.get(f"{place}{bulk.pk}/?state=upgraded"))
    assert sites[0].name in page
    assert ">Site 59<" not in page
    first = text_of(browser.get(f"{place}{bulk.pk}/"))
    more = html.unescape(re.search(r'href="(\?after=[^"]+)"', first)[1])
    assert sites[59].name in text_of(browser.get(f"{place}{bulk.pk}/{more}"))


def test_cancelling_says_what_it_does_and_asks_first(world, place, browser):
    done, _ = world.sites(2, world.old)
    bulk = world.start()
    world.report(done, running=world.new)

    page = text_of(browser.get(f"{place}{bulk.pk}/cancellation/"))
    assert "stay upgraded" in page
    assert BulkUpgrade.objects.get().state == "running"

    assert "is cancelled" in after(browser.post(f"{place}{bulk.pk}/cancellation/", follow=True))
    assert states(bulk) == {"upgraded": 1, "left": 1}
    assert "is cancelled" in after(browser.post(f"{place}{bulk.pk}/cancellation/", follow=True))


def test_what_has_ended_cannot_be_cancelled(world, place, browser):
    (site,) = world.sites(1, world.old)
    bulk = world.start()
    world.report(site, running=world.new)

    assert "is over already" in after(browser.post(f"{place}{bulk.pk}/cancellation/", follow=True))


def test_the_list_shows_every_rollout_and_filters_them(world, place, browser):
    first, second = world.sites(2, world.old)
    bulk = world.start(limit=1)
    world.report(first, running=world.new)
    world.start(limit=1, now=START + timedelta(hours=1))

    page = text_of(browser.get(place))
    assert page.count("1.x to 2.0.0") == 2
    assert text_of(browser.get(place, {"state": "completed"})).count("1.x to 2.0.0") == 1
    assert "No rollout fits" in text_of(browser.get(place, {"environment": "staging"}))
    assert "No rollout fits" in text_of(browser.get(place, {"state": "nonsense"}))
    assert str(bulk.pk) in page
    assert second.name not in page


def test_nobody_of_another_vendor_sees_or_does_anything(world, place, stranger):
    world.sites(1, world.old)
    bulk = world.start()
    browser = sign_in(stranger)
    ends = ["", "new/", f"{bulk.pk}/", f"{bulk.pk}/progress/", f"{bulk.pk}/cancellation/"]

    assert {browser.get(place + end).status_code for end in ends} == {404}
    assert browser.post(f"{place}new/", WANTED).status_code == 404
    assert browser.post(f"{place}{bulk.pk}/cancellation/").status_code == 404
    assert BulkUpgrade.objects.get().state == "running"


def test_an_operator_sees_and_cancels(world, place, operator):
    world.sites(1, world.old)
    bulk = world.start()
    browser = sign_in(operator)

    assert "1.x to 2.0.0" in text_of(browser.get(place))
    after(browser.post(f"{place}{bulk.pk}/cancellation/", follow=True))
    assert BulkUpgrade.objects.get().finished_by == operator.actor


def test_strangers_sign_in_first(world, place):
    browser = sign_in()

    for end in ("", "new/"):
        assert browser.get(place + end)["Location"].startswith("/accounts/login/")


def test_forms_of_other_places_are_refused(world, place, owner):
    world.sites(1, world.old)
    bulk = world.start()
    browser = sign_in(owner, enforce_csrf_checks=True)

    assert browser.post(f"{place}new/", WANTED).status_code == 403
    assert browser.post(f"{place}{bulk.pk}/cancellation/").status_code == 403
    assert BulkUpgrade.objects.get().state == "running"


def test_names_of_sites_are_no_markup(world, place, browser):
    (site,) = world.sites(1, world.old)
    SiteRecord.objects.filter(pk=site.pk).update(name="<script>alert(1)</script>")
    bulk = world.start()

    assert "<script>alert" not in text_of(browser.get(f"{place}{bulk.pk}/"))


def test_a_wrong_cursor_is_an_error_and_not_a_crash(world, place, browser):
    world.sites(1, world.old)
    bulk = world.start()

    assert browser.get(f"{place}?after=nonsense").status_code == 422
    assert browser.get(f"{place}{bulk.pk}/?after=nonsense").status_code == 422
