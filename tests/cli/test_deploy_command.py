"""`tradepost deploy`, as people and builds run it against a marketplace on a real port."""

import json

import pytest
from tests.cli.deployhouse import MANIFEST, Desk, manifest, more_scopes, token_of
from tests.marketplace.vendors import descriptor, vendor_server

from tradepost.foundation import outgoing
from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.catalog.models import Membership
from tradepost.marketplace.deployments.models import Deployment


@pytest.fixture
def notes(desk: Desk) -> Desk:
    """The app is registered and deployed to production."""
    assert desk.run("register").status == 0
    assert desk.run("deploy", "-e", "production").status == 0
    return desk


def test_people_read_the_version_what_it_means_and_why(desk: Desk) -> None:
    desk.run("register")

    first = desk.run("deploy", "-e", "production")
    assert (first.status, first.err) == (0, "")
    assert first.out.startswith("1.1.0 is the first version of com.example.notes in production.\n")
    assert "deployment.first" in first.out
    desk.write(manifest(modules={"macro": [{"key": "m"}]}))
    minor = desk.run("deploy", "-e", "production", "-m", "A macro").out
    assert minor.startswith("1.2.0 is a minor version of com.example.notes in production, after 1.1.0.\n")
    assert "It reaches all sites of major 1 within minutes" in minor
    assert "Not rendered here\n  macro: m\n" in minor
    assert Deployment.objects.get(version__number="1.2.0").message == "A macro"


def test_development_is_where_one_deploys_without_saying_where(desk: Desk) -> None:
    desk.run("register")

    answer = desk.run("deploy", "--json").answer
    assert (answer["environment"], answer["version"], answer["app_key"]) == (
        "development", "1.1.0", "com.example.notes-development",
    )  # fmt: skip
    assert answer["by"] == "vera@acme.test"


def test_a_major_version_is_refused_with_its_reasons_unless_it_is_approved(notes: Desk) -> None:
    notes.write(more_scopes())

    refused = notes.run("deploy", "-e", "production")
    assert refused.status == 3
    assert refused.out.startswith("2.0.0 would be a major version of com.example.notes in production, after 1.1.0.\n")
    assert "  major  " in refused.out
    assert "(line " in refused.out
    assert "--approve-major" in refused.err
    told = notes.run("deploy", "-e", "production", "--json")
    assert (told.status, told.answer["rule"]) == (3, "deployment.major")
    assert [each["line"] > 1 for each in told.answer["problems"]] == [True]
    assert Deployment.objects.count() == 1

    approved = notes.run("deploy", "-e", "production", "--approve-major")
    assert approved.status == 0
    assert "2.0.0 is a major version" in approved.out
    assert "wait there for an administrator" in approved.out


def test_a_person_at_a_terminal_is_asked_about_a_major_version(notes: Desk) -> None:
    notes.write(more_scopes())
    question = "Deploy this major version to production? [y/N]: "

    declined = notes.typed(("deploy", "-e", "production"), {question: "n"})
    assert (declined.status, Deployment.objects.count()) == (3, 1)
    agreed = notes.typed(("deploy", "-e", "production"), {question: "y"})
    assert (agreed.status, "2.0.0 is a major version" in agreed.out) == (0, True)
    unasked = notes.typed(("deploy", "-e", "staging", "--non-interactive"), {})
    assert unasked.status == 0


def test_a_dry_run_says_all_that_and_deploys_nothing(notes: Desk) -> None:
    same = notes.run("deploy", "-e", "production", "--dry-run")
    assert (same.status, "1.2.0 would be a minor version" in same.out) == (0, True)
    notes.write(more_scopes())
    major = notes.run("deploy", "-e", "production", "--dry-run", "--json")
    assert (major.status, major.answer["change"], major.answer["dry_run"]) == (3, "major", True)
    assert notes.run("deploy", "-e", "production", "--dry-run", "--approve-major").status == 0
    assert Deployment.objects.count() == 1


def test_an_older_major_gets_a_version_of_its_own(notes: Desk) -> None:
    notes.write(more_scopes())
    notes.run("deploy", "-e", "production", "--approve-major")
    notes.write(manifest(modules={"macro": [{"key": "m"}]}))

    backport = notes.run("deploy", "-e", "production", "--major-version", "1")
    assert backport.out.startswith("1.2.0 is a backport of com.example.notes in production, after 1.1.0.\n")
    assert "It reaches the sites of major 1 and no others" in backport.out
    notes.write(more_scopes())
    wrong = notes.run("deploy", "-e", "production", "--major-version", "1", "--json")
    assert (wrong.status, wrong.answer["rule"]) == (1, "deployment.backport_major")
    assert "manifest_scope.added" in wrong.err


def test_what_is_wrong_with_the_manifest_is_said_before_anything_is_sent(desk: Desk) -> None:
    desk.write("app:\n  id: x\n  connect:\n    key: [a]\n\tb: c\n")
    away = {"TRADEPOST_MARKETPLACE": "http://127.0.0.1:9"}

    broken = desk.run("deploy", **away)
    assert (broken.status, "manifest.not_yaml" in broken.out) == (1, True)
    desk.write(manifest(permissions={"scopes": "read:connect-jira"}))
    wrong = desk.run("deploy", **away)
    assert wrong.status == 1
    assert "scopes must be a list" in wrong.out
    assert "was not deployed: mend its problems first" in wrong.err
    told = desk.run("deploy", "--json", **away)
    assert [(each["rule"], each["line"] > 1) for each in told.answer["problems"]] == [("manifest.type", True)]
    desk.write(
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [{', '.join([f'*b{n - 1}' if n else '*a'] * 9)}]\n" for n in range(9))
    )
    assert desk.run("deploy", **away).status == 1


@pytest.mark.parametrize("text", ["x" * 2_000_000, "app:\n  id: a\n" + "# much\n" * 200_000])
def test_a_huge_manifest_is_refused_here(desk: Desk, text: str) -> None:
    desk.write(text)

    ended = desk.run("deploy", TRADEPOST_MARKETPLACE="http://127.0.0.1:9")
    assert (ended.status, "document.too_large" in ended.out) == (1, True)


def test_what_the_marketplace_alone_knows_to_be_wrong_has_its_place_too(desk: Desk) -> None:
    desk.run("register")
    desk.write(manifest(remotes=[{"key": "connect", "baseUrl": "http://127.0.0.1:8000"}]))

    ended = desk.run("deploy", "--json")
    assert (ended.status, ended.answer["status"]) == (1, 422)
    (problem,) = ended.answer["problems"]
    assert f"{problem['line']}:{problem['column']}  {problem['text']}" in ended.err


def test_an_app_that_nobody_registered_and_a_manifest_without_id_say_what_to_do(desk: Desk) -> None:
    unknown = desk.run("deploy")
    assert (unknown.status, "tradepost register" in unknown.err) == (1, True)
    desk.write(manifest(app={**MANIFEST["app"], "id": None}))
    without = desk.run("deploy")
    assert (without.status, "tradepost register" in without.err) == (1, True)
    (desk.folder / "manifest.yml").unlink()
    none = desk.run("deploy")
    assert (none.status, "--manifest" in none.err) == (2, True)
    elsewhere = desk.run("deploy", "--manifest", "app/manifest.yml")
    assert (elsewhere.status, "app/manifest.yml" in elsewhere.err) == (2, True)


def test_the_manifest_may_come_from_standard_input_and_the_app_be_named(notes: Desk) -> None:
    piped = notes.run("deploy", "-f", "-", "-e", "production", "--json", stdin=manifest().encode())
    assert piped.answer["version"] == "1.2.0"
    other = notes.run("deploy", "-f", "-", "--app", "nobody", stdin=manifest().encode())
    assert (other.status, "nobody is not registered" in other.err) == (1, True)
    stranger = manifest(app={**MANIFEST["app"], "id": "another"})
    mixed = notes.run("deploy", "-f", "-", "--app", MANIFEST["app"]["id"], "--json", stdin=stranger.encode())
    assert (mixed.status, mixed.answer["rule"]) == (1, "deployment.app_id")


def test_a_deployment_knows_the_build_that_made_it(notes: Desk) -> None:
    github = {
        "GITHUB_SERVER_URL": "https://code.example", "GITHUB_REPOSITORY": "acme/notes", "GITHUB_RUN_ID": "77",
    }  # fmt: skip
    gitlab = {"CI_JOB_URL": "https://vera:secret@ci.example/jobs/5"}

    assert (
        notes.run("deploy", "--json", **github).answer["run_url"] == "https://code.example/acme/notes/actions/runs/77"
    )
    assert notes.run("deploy", "--json", **gitlab).answer["run_url"] == "https://ci.example/jobs/5"
    assert notes.run("deploy", "--json", BUILD_URL="javascript:alert(1)").answer["run_url"] == ""
    said = notes.run("deploy", "--json", "--run-url", "https://b.example/1", **github)
    assert said.answer["run_url"] == "https://b.example/1"
    assert notes.run("deploy", "--run-url", "nowhere").status == 2


def test_who_may_not_deploy_is_told_so(notes: Desk) -> None:
    reader = notes.run("deploy", TRADEPOST_TOKEN=token_of(notes.owner, "apps:read"))
    assert (reader.status, "apps:write" in reader.err) == (4, True)
    wrong = notes.run("deploy", "--json", TRADEPOST_TOKEN="tpd_wrong")
    assert (wrong.status, wrong.answer["status"]) == (4, 401)
    assert "The token is from TRADEPOST_TOKEN" in wrong.err
    Membership.objects.all().delete()
    gone = notes.run("deploy")
    assert (gone.status, "or is not yours" in gone.err) == (1, True)


def test_a_watched_app_becomes_a_deployed_one_with_the_reasons_of_both(desk: Desk) -> None:
    client = outgoing.GuardedClient(outgoing.AddressRules(development=True))
    with outgoing.replace(client), vendor_server() as server:
        vendor = Membership.objects.get(user=desk.owner.user).vendor_id
        document = descriptor(key="com.example.notes", scopes=["READ"], baseUrl="https://notes.example.com")
        catalog.list_app(vendor, server.serve(document), by=desk.owner, now=domain_now())
    client.close()
    desk.run("register")

    refused = desk.run("deploy", "-e", "production")
    assert refused.status == 3
    assert "At sites that run the watched app" in refused.out
    assert "equivalence." in refused.out
    approved = desk.run("deploy", "-e", "production", "--approve-major", "--json")
    assert approved.status == 0
    assert approved.answer["equivalence"]
    assert approved.answer["change"] == "major"


def test_no_control_character_of_a_manifest_or_the_marketplace_reaches_the_terminal(desk: Desk) -> None:
    evil = "Notes\\e[31m\\u202e"
    desk.write(manifest().replace("name: Notes\n", f'name: "{evil}"\n', 1))
    shown = desk.run("register", "--manifest", "manifest.yml", "Notes")
    assert shown.status == 0
    desk.write(manifest(modules={"macro": [{"key": "m\x1b[31m\u202e"}]}).replace("\\e", "\\x1b"))

    for arguments in (("deploy",), ("deploy", "--json"), ("version", "list", "-e", "development")):
        ended = desk.run(*arguments)
        assert ended.status == 0, ended.err
        assert "\x1b" not in ended.out + ended.err
        assert "\u202e" not in ended.out + ended.err


def test_secrets_are_in_no_output_and_in_no_audit_entry(notes: Desk) -> None:
    outputs = [notes.run("deploy", *more) for more in ((), ("--json",), ("--run-url", "https://a:b@c.example/"))]

    assert all(notes.token not in each.out + each.err for each in outputs)
    assert notes.token not in json.dumps([entry.detail for entry in AuditEntry.objects.all()], default=str)
