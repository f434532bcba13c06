"""`tradepost site` and its short forms, run as a script runs them against a host service on a real port."""

import json

import pytest
from tests.cli.sitehouse import SiteHouse, token_of
from tests.host.conftest import person

from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import AuditEntry
from tradepost.host.sites.commands import create_site
from tradepost.host.sites.models import Member, Site

WEBHOOK = {"event": "jira:issue_created", "url": "/hook"}
LIFE = {"installed": "/installed", "enabled": "/enabled", "disabled": "/disabled", "uninstalled": "/uninstalled"}


def test_an_operator_makes_sites_and_lists_them(house: SiteHouse) -> None:
    person("bea@beta.example")

    made = house.run(
        "site", "create", "Beta Team", "--zone", "Europe/Berlin", "--private-listings",
        "--administrator", "bea@beta.example", "--json",
    )  # fmt: skip

    assert (made.status, made.err) == (0, "")
    row = Site.objects.get(pk=made.answer["id"])
    assert (row.name, row.context_path, row.zone, row.private_listings) == (
        "Beta Team", "/beta-team", "Europe/Berlin", True,
    )  # fmt: skip
    assert made.answer["private_listings"] is True
    assert Member.objects.get(site=row).user.email == "bea@beta.example"
    assert [each["name"] for each in house.run("site", "list", "--json").answer] == ["Beta Team", "alpha"]
    people = house.run("site", "list").out
    assert "Beta Team" in people
    assert row.base_url in people
    named = house.run("site", "create", "Gamma", "--host-name", "gamma.example", "--json")
    assert named.answer["base_url"] == "https://gamma.example"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("Beta", "--path", "/api"), "/context_path: "),
        (("Beta", "--zone", "Mars/Base"), "/zone: "),
        (("Beta", "--host-name", "x"), "/host_name: "),
    ],
)
def test_what_the_service_finds_invalid_is_said_place_by_place(
    house: SiteHouse, arguments: tuple[str, ...], complaint: str
) -> None:
    ended = house.run("site", "create", *arguments, "--json")

    assert (ended.status, ended.out) == (2, "")
    assert complaint in ended.err


def test_a_site_is_known_by_its_name_its_path_or_its_id(house: SiteHouse) -> None:
    house.install()

    for ref in ("alpha", "/alpha", "/alpha/", "ALPHA", str(house.site.pk)):
        assert house.run("enable", ref, "dev-app", "--json").answer == {"app": "dev-app", "state": "enabled"}
    for ref in ("nowhere", "", "00000000-0000-0000-0000-000000000000"):
        ended = house.run("enable", ref, "dev-app")
        assert (ended.status, "there is no site" in ended.err) == (1, True)
    create_site(name="alpha", host_name="alpha.example", by=house.world.operator, now=domain_now())
    assert house.run("enable", "/alpha", "dev-app").status == 0
    create_site(name="twin", context_path="/one", by=house.world.operator, now=domain_now())
    create_site(name="twin", context_path="/two", by=house.world.operator, now=domain_now())
    ended = house.run("enable", "twin", "dev-app")
    assert (ended.status, "Several sites" in ended.err) == (2, True)


def test_an_app_is_installed_by_its_address_while_the_command_waits(house: SiteHouse) -> None:
    ended = house.run("site", "install", "alpha", house.app.address, "--json", meanwhile=house.work)

    assert ended.status == 0, ended.err
    assert {name: ended.answer[name] for name in ("standing", "app", "version")} == {
        "standing": "done", "app": "dev-app", "version": "1.0.0",
    }  # fmt: skip
    (entry,) = house.audited("address.install_asked")
    assert entry.actor == house.world.operator.actor
    again = house.run("site", "install", "alpha", house.app.address, meanwhile=house.work)
    assert (again.status, again.out) == (0, "dev-app 1.0.0 runs on alpha.\n")


def test_an_installation_that_fails_says_why_and_a_script_sees_it(house: SiteHouse) -> None:
    house.app.answers = (200, {}, b"no descriptor")

    ended = house.run("site", "install", "alpha", house.app.address, "--json", meanwhile=house.work)

    assert (ended.status, ended.answer["standing"]) == (1, "failed")
    assert "it was not installed" in ended.err
    assert house.run("site", "install", "alpha", "ftp://app.example/x").status == 2
    Site.objects.update(private_listings=False)
    refused = house.run("site", "install", "alpha", house.app.address)
    assert (refused.status, "private listings" in refused.err) == (1, True)


def test_an_installation_need_not_be_waited_for_and_waiting_has_an_end(house: SiteHouse) -> None:
    started = house.run("site", "install", "alpha", house.app.address, "--no-wait", "--json")
    assert (started.status, started.answer["standing"]) == (0, "running")

    late = house.run("site", "install", "alpha", house.app.address, "--timeout", "0.5")

    assert (late.status, "still being installed" in late.err) == (1, True)


def test_an_app_is_switched_off_and_on_and_removed(house: SiteHouse) -> None:
    house.app.change(lifecycle=LIFE)
    house.install()

    assert house.run("disable", "alpha", "dev-app", "--json").answer == {"app": "dev-app", "state": "disabled"}
    assert house.run("site", "enable", "alpha", "dev-app").out == "dev-app is enabled on alpha.\n"
    assert house.run("uninstall", "alpha", "dev-app", "--json").answer == {"app": "dev-app", "state": "uninstalled"}
    house.work()

    assert [path for path, _ in house.app.told][-2:] == ["/disabled", "/uninstalled"]
    gone = house.run("disable", "alpha", "dev-app", "--json")
    assert (gone.status, gone.out) == (1, "")
    assert "dev-app" in gone.err
    actors = AuditEntry.objects.filter(action__startswith="installation.", scope_id=house.site.pk)
    assert house.world.operator.actor in set(actors.values_list("actor", flat=True))


def test_a_new_secret_is_waited_for_until_the_app_has_taken_or_refused_it(house: SiteHouse) -> None:
    house.install()

    taken = house.run("rotate-secret", "alpha", "dev-app", "--json", meanwhile=house.work)
    assert (taken.status, taken.answer) == (
        0,
        {"app": "dev-app", "rotated": True, "text": "it answered with status 204"},
    )
    assert len(set(house.app.secrets)) == 2
    late = house.run("rotate-secret", "alpha", "dev-app", "--json", "--timeout", "0.5")
    assert (late.status, late.answer["rotated"]) == (1, None)
    assert house.run("rotate-secret", "alpha", "dev-app").status == 1
    house.work()
    house.app.status = 403
    refused = house.run("rotate-secret", "alpha", "dev-app", "--json", meanwhile=house.work)
    assert (refused.status, refused.answer["rotated"]) == (1, False)
    assert "403" in refused.err


def test_events_are_sent_by_hand_and_seen_among_the_deliveries(house: SiteHouse) -> None:
    house.install(webhooks=[WEBHOOK])

    sent = house.run("send-webhook", "alpha", WEBHOOK["event"], "--payload", '{"mark": 7}', "--json")
    assert (sent.status, sent.answer["apps"]) == (0, ["dev-app"])
    house.work()

    assert house.app.told[-1][1]["mark"] == 7
    rows = house.run("deliveries", "alpha", "dev-app", "--json").answer
    assert [(each["kind"], each["event"], each["outcome"]) for each in rows] == [
        ("webhook", "jira:issue_created", "delivered"),
        ("lifecycle", "installed", "delivered"),
    ]
    assert json.loads(rows[0]["request"])["mark"] == 7
    assert all(secret not in json.dumps(rows) for secret in house.app.secrets)
    assert len(house.run("deliveries", "alpha", "dev-app", "--limit", "1", "--json").answer) == 1
    assert "jira:issue_created" in house.run("deliveries", "alpha", "dev-app").out
    house.run("uninstall", "alpha", "dev-app")
    assert len(house.run("deliveries", "alpha", "dev-app", "--json").answer) == 2


def test_an_event_comes_from_a_file_goes_to_one_app_and_must_be_one(house: SiteHouse, tmp_path) -> None:
    house.install()
    file = tmp_path / "payload.json"
    file.write_text('{"mark": 8}')

    nobody = house.run("send-webhook", "alpha", WEBHOOK["event"], "--payload", f"@{file}", "--app", "dev-app", "--json")
    assert (nobody.status, nobody.answer) == (0, {"deliveries": [], "apps": []})
    assert "No app on alpha wants" in house.run("send-webhook", "alpha", WEBHOOK["event"]).out
    assert house.run("send-webhook", "alpha", WEBHOOK["event"], "--app", "missing").status == 1
    for payload in ("[1]", "{", "@/no/such/file"):
        assert house.run("send-webhook", "alpha", WEBHOOK["event"], "--payload", payload).status == 2
    unknown = house.run("send-webhook", "alpha", "jira:no_such")
    assert (unknown.status, "/event: " in unknown.err) == (2, True)


def test_tokens_are_needed_right_and_an_operators(house: SiteHouse, tmp_path) -> None:
    kept = tmp_path / "token"
    kept.write_text(f"{house.token}\n")
    none = {"TRADEPOST_TOKEN": ""}

    assert house.run("site", "list", **none, TRADEPOST_TOKEN_FILE=str(kept)).status == 0
    missing = house.run("site", "list", **none)
    assert (missing.status, "TRADEPOST_TOKEN_FILE" in missing.err) == (2, True)
    assert house.run("site", "list", **none, TRADEPOST_TOKEN_FILE=str(tmp_path / "none")).status == 2
    wrong = house.run("site", "list", "--token", "tp_wrong", "--json")
    assert (wrong.status, wrong.out) == (1, "")
    assert "not valid" in wrong.err
    members = token_of(house.admin, "sites:read", "sites:write")
    for command in (
        ("site", "create", "Beta"),
        ("module-url", "alpha", "panel", "--user", house.admin.actor),
        ("page-url", "alpha", "/projects/", "--user", house.admin.actor),
    ):
        ended = house.run(*command, "--token", members)
        assert (ended.status, "operate" in ended.err) == (1, True)
    assert not house.audited("user.acted_as")


def test_a_service_that_is_not_there_or_is_none_of_ours_is_named(house: SiteHouse) -> None:
    away = house.run("site", "list", TRADEPOST_HOST_URL="http://127.0.0.1:9")
    assert (away.status, "cannot reach the host service at http://127.0.0.1:9" in away.err) == (1, True)
    assert house.run("site", "list", "--url", "ftp://127.0.0.1").status == 2
    other = house.run("site", "list", "--url", house.app.url)
    assert (other.status, "Traceback" in other.err) == (1, False)
    assert house.run("site", "no-such-command").status == 2
