"""`tradepost environments`, `version` and `install list`, against a marketplace with sites."""

import pytest
from tests.cli.deployhouse import Desk, manifest, more_scopes
from tests.cli.deploysites import MarketSites

from tradepost.marketplace.releases.models import AppVersion

MACRO = {"macro": [{"key": "m"}]}


@pytest.fixture
def notes(desk: Desk) -> Desk:
    """Production has 1.1.0, 1.2.0 and the major 2.0.0; staging has 1.1.0."""
    assert desk.run("register").status == 0
    assert desk.run("deploy", "-e", "production", "-m", "First").status == 0
    assert desk.run("deploy", "-e", "staging").status == 0
    desk.write(manifest(modules=MACRO))
    assert desk.run("deploy", "-e", "production").status == 0
    desk.write(more_scopes())
    assert desk.run("deploy", "-e", "production", "--approve-major").status == 0
    return desk


def test_the_environments_are_told_apart(notes: Desk) -> None:
    MarketSites().run("1.2.0", 3)

    told = notes.run("environments", "--json").answer
    assert [(each["environment"], each["newest"], each["sites"]) for each in told] == [
        ("production", "2.0.0", 3), ("staging", "1.1.0", 0), ("development", None, 0),
    ]  # fmt: skip
    shown = [line.split() for line in notes.run("environments").out.splitlines() if line.strip()]
    assert [words[0] for words in shown[2:]] == ["production", "staging", "development"]
    assert "vera@acme.test" in shown[2]


def test_versions_are_listed_by_their_numbers_the_newest_first(notes: Desk) -> None:
    notes.write(manifest(modules=MACRO))
    notes.run("deploy", "-e", "production", "--major-version", "1")
    MarketSites().run("1.2.0", 2)

    page = notes.run("version", "list", "--json").answer
    assert [(each["version"], each["sites"]) for each in page["items"]] == [
        ("2.0.0", 0), ("1.3.0", 0), ("1.2.0", 2), ("1.1.0", 0),
    ]  # fmt: skip
    shown = notes.run("version", "list").out
    assert "minor, backport" in shown
    assert "First" in shown
    two = notes.run("version", "list", "--limit", "2", "--json").answer
    assert (len(two["items"]), bool(two["next"])) == (2, True)
    assert "The newest 2; --limit shows more." in notes.run("version", "list", "--limit", "2").out
    assert "Nothing was deployed to development yet" in notes.run("version", "list", "-e", "development").out


def test_one_version_is_told_in_full_and_its_manifest_byte_by_byte(notes: Desk) -> None:
    answer = notes.run("version", "details", "2.0", "--json").answer
    assert (answer["version"], answer["change"], answer["consent"]) == ("2.0.0", "major", True)
    shown = notes.run("version", "details", "2.0.0").out
    assert "administrators are asked  yes" in shown
    assert "manifest_scope.added" in shown
    assert "It asks for\n" in shown
    assert notes.run("version", "details", "2.0", "--text").out == more_scopes()
    assert notes.run("version", "details", "2.0", "--text", "--json").status == 2
    missing = notes.run("version", "details", "9.0")
    assert (missing.status, missing.out) == (1, "")
    assert notes.run("version", "details", "two").status == 2


def test_two_versions_are_compared_either_way(notes: Desk) -> None:
    minor = notes.run("version", "compare", "1.1", "1.2", "--json").answer
    assert (minor["change"], minor["consent"]) == ("minor", False)
    shown = notes.run("version", "compare", "1.1", "2.0").out
    assert shown.startswith("1.1.0 to 2.0.0 is a major change: administrators must consent.\n")
    back = notes.run("version", "compare", "2.0", "1.1").out
    assert back.startswith("2.0.0 to 1.1.0 is a major change")


def test_only_a_version_that_waits_for_review_is_taken_back(notes: Desk) -> None:
    offered = notes.run("version", "withdraw", "2.0", "--json")
    assert (offered.status, offered.answer["status"]) == (1, 409)

    AppVersion.objects.filter(number="2.0.0").update(state="in_review", offered_at=None)
    question = "Withdraw 2.0.0 from production? [y/N]: "
    assert notes.typed(("version", "withdraw", "2.0"), {question: "n"}).status == 1
    assert AppVersion.objects.get(number="2.0.0").state == "in_review"
    assert (
        notes.run("version", "withdraw", "2.0").out == "2.0.0 is withdrawn from production. Sites keep what they run.\n"
    )
    assert AppVersion.objects.get(number="2.0.0").state == "withdrawn"
    assert "withdrawn" in notes.run("version", "list").out


def test_sites_are_listed_with_what_they_run_grant_and_wait_for(notes: Desk) -> None:
    sites = MarketSites()
    sites.run("1.2.0", 2, target="2.0.0", state="waiting_consent")
    sites.run("2.0.0", 1, granted="1.2.0")

    rows = notes.run("install", "list", "--json").answer["items"]
    assert [(each["running"], each["granted"], each["state"]) for each in rows] == [
        ("1.2.0", None, "waiting_consent"), ("1.2.0", None, "waiting_consent"), ("2.0.0", "1.2.0", "current"),
    ]  # fmt: skip
    shown = notes.run("install", "list").out
    assert "waiting consent" in shown
    assert "http://site1.test" in shown
    assert len(notes.run("install", "list", "--version", "1.2", "--json").answer["items"]) == 2
    assert len(notes.run("install", "list", "--state", "waiting_consent", "--json").answer["items"]) == 2
    assert len(notes.run("install", "list", "--limit", "1", "--json").answer["items"]) == 1
    assert "No site in development yet" in notes.run("install", "list", "-e", "development").out
    assert notes.run("install", "list", "--version", "x").status == 2


def test_more_sites_than_one_page_has_are_listed_together(notes: Desk) -> None:
    MarketSites().run("1.2.0", 130)

    whole = notes.run("install", "list", "--limit", "200", "--json").answer
    assert (len(whole["items"]), whole["next"]) == (130, None)


def test_the_app_may_be_named_anywhere(notes: Desk) -> None:
    app = notes.run("register", "--json").answer
    (notes.folder / "manifest.yml").unlink()

    for named in (app["app_id"], app["id"]):
        assert notes.run("version", "list", "--app", named).status == 0
    assert notes.run("version", "list").status == 2
    notes.write("app: {name: x}\n")
    assert notes.run("version", "list").status == 1
    notes.write("app: [")
    assert "tradepost lint" in notes.run("version", "list").err
