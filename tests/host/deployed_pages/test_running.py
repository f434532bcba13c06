"""What the page of a deployed app that runs says: how it comes, what it asks for, and what has no place here."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.host.browsers import text_of
from tests.host.deployed_pages.rows import MORE, learn, manifest, put

from tradepost.host.installing.deployed import MOST_SHOWN

PAGE = "/alpha/apps/demo/"
FORGED = '"><script>alert(1)</script>'


def shown(browser, page=PAGE):
    answer = browser.get(page)
    assert answer.status_code == 200, answer.content
    return text_of(answer)


def test_a_deployed_app_is_named_one_with_its_major_and_minor(world, site, admin):
    put(world, site, running=learn(world, "2.3.0", manifest()))

    assert "by deployments of its vendor: major 2, minor 3" in shown(admin)
    assert "deployed by its vendor (major 2, minor 3)" in shown(admin, "/alpha/manage/demo/")


def test_a_watched_app_is_not_named_one(world, site, admin):
    page = shown(admin)

    assert "by deployments" not in page
    assert "Not rendered here" not in page
    assert "deployed by its vendor" not in shown(admin, "/alpha/manage/demo/")


def test_permissions_stand_by_kinds_in_plain_words(world, site, admin):
    more = manifest(permissions=MORE, providers={"auth": [{"key": "google", "clientId": "x"}]})
    put(world, site, running=learn(world, "2.0.0", more))
    page = shown(admin)

    assert "Permissions of version 2.0.0" in page
    assert "Create and change content in the site (write:connect-jira)" in page
    assert "read:jira-work (no right here: it is for code that does not run here)" in page
    assert "Its service reaches api.example.com" in page
    assert "Its service reaches stats.example (analytics)" in page
    assert "styles: unsafe-inline" in page
    assert "connect: https://app.example/base" in page
    assert "Accounts elsewhere that users are asked for google" in page


def test_what_has_no_place_is_listed_with_type_key_and_place(world, site, admin):
    modules = {"jira:issueGlance": [{"key": "glance"}], "function": [{"handler": "index.run"}]}
    put(world, site, running=learn(world, "2.0.0", manifest(modules=modules)))
    page = shown(admin)

    assert "2 modules not rendered here" in page
    assert "jira:issueGlance glance /modules/jira:issueGlance/0" in page
    assert "function none /modules/function/0" in page
    assert "Nothing of this app is rendered here" not in page
    assert "its modules, but for 2 that are not rendered here" in shown(admin, "/alpha/manage/demo/")


def test_an_app_that_shows_nothing_says_so_plainly(world, site, admin):
    alone = manifest(connectModules=None, modules={"macro": [{"key": "poll"}]})
    put(world, site, running=learn(world, "2.0.0", alone))

    assert "Nothing of this app is rendered here." in shown(admin)
    assert "nothing: no part of it is rendered here" in shown(admin, "/alpha/manage/demo/")


def test_an_app_that_shows_everything_says_that(world, site, admin):
    put(world, site, running=learn(world, "2.0.0", manifest()))

    page = shown(admin)

    assert "Everything that this version declares can be rendered here." in page
    assert "Not rendered here" not in page


def test_what_a_vendor_writes_is_text_and_no_page(world, site, admin):
    permissions = {"scopes": [FORGED], "external": {"images": [FORGED]}, "content": {"styles": [FORGED]}}
    modules = {"macro": [{"key": FORGED}], FORGED: [{"key": "x"}]}
    put(world, site, running=learn(world, "2.0.0", manifest(permissions=permissions, modules=modules)))

    for page in (PAGE, "/alpha/manage/demo/", "/alpha/catalogue/demo/"):
        assert "<script>alert" not in admin.get(page).content.decode()
    assert admin.get(PAGE).content.decode().count("&lt;script&gt;alert(1)") >= 5


def test_thousands_of_modules_are_counted_and_not_all_shown(world, site, admin):
    modules = {"macro": [{"key": f"m{number}"} for number in range(MOST_SHOWN + 7)]}
    put(world, site, running=learn(world, "2.0.0", manifest(modules=modules)))
    page = shown(admin)

    assert f"More than {MOST_SHOWN} modules not rendered here" in page
    assert "And 7 more." in page
    assert f"m{MOST_SHOWN - 1} " in page
    assert f"m{MOST_SHOWN} " not in page


def test_manifests_are_read_once(world, site, admin):
    put(world, site, running=learn(world, "2.0.0", manifest(modules={"macro": [{"key": "once"}]})))
    shown(admin)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        shown(admin)

    assert not [each["sql"] for each in queries if '"manifest"' in each["sql"]]


def test_the_catalogue_shows_the_same_before_anything_is_installed(world, site, admin):
    modules = {"macro": [{"key": "poll"}]}
    learn(world, "2.1.0", manifest(permissions=MORE, modules=modules))
    world.site("beta")
    page = shown(admin, "/alpha/catalogue/demo/")

    assert "by deployments of its vendor: major 2, minor 1" in page
    assert "Permissions of version 2.1.0" in page
    assert "1 module not rendered here" in page
    assert "macro poll /modules/macro/0" in page


def test_an_app_that_shows_nothing_runs_nowhere_by_its_catalogue_page(world, site, admin):
    learn(world, "2.0.0", manifest(connectModules=None, modules={"macro": [{"key": "poll"}]}))
    page = shown(admin, "/alpha/catalogue/demo/")

    assert "Nothing of this app is rendered here." in page
    assert ".invalid" not in page


def test_a_minor_that_is_on_its_way_is_named(world, site, admin):
    running, next_one = learn(world, "2.0.0", manifest()), learn(world, "2.1.0", manifest())
    put(world, site, running=running, newest=next_one)

    assert "2.1.0 of the same major is on its way, and asks nothing" in shown(admin)
