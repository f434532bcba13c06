"""`tradepost deploy-token` and `trusted-build`, and deploying with them as a build does."""

from dataclasses import replace

import pytest
from tests.cli.deployhouse import Desk, more_scopes
from tests.marketplace.builds.issuing import CLAIMS, Issuer

from tradepost.foundation import outgoing
from tradepost.foundation.clock import machine_now
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.builds import exchanging, identities, issuers
from tradepost.marketplace.builds.models import DeployToken
from tradepost.marketplace.deployments.models import Deployment

NO_TOKEN = {"TRADEPOST_TOKEN": ""}


@pytest.fixture
def notes(desk: Desk) -> Desk:
    assert desk.run("register").status == 0
    return desk


@pytest.fixture
def issuer(monkeypatch):
    """A build service whose identity tokens this marketplace accepts."""
    client = outgoing.GuardedClient(outgoing.AddressRules(development=True))
    with outgoing.replace(client), Issuer() as found:
        monkeypatch.setattr(issuers, "configuration", replace(configuration, identity_issuers=(found.url,)))
        yield found
    client.close()
    issuers.forget_keys()
    identities.ASKED.forget()
    exchanging.REFUSED.forget()


def test_a_deploy_token_is_shown_once_and_deploys_to_its_environment_alone(notes: Desk) -> None:
    made = notes.run("deploy-token", "make", "pipeline", "-e", "staging", "--days", "30")
    assert made.status == 0
    token = made.out.strip()
    assert token.startswith("tpd_")
    assert "TRADEPOST_TOKEN" in made.err
    build = {"TRADEPOST_TOKEN": token}

    answer = notes.run("deploy", "-e", "staging", "--non-interactive", "--json", **build).answer
    assert (answer["version"], "deploy token pipeline" in answer["by"]) == ("1.1.0", True)
    other = notes.run("deploy", "-e", "production", **build)
    assert (other.status, Deployment.objects.count()) == (1, 1)
    assert [each["environment"] for each in notes.run("environments", "--json", **build).answer] == ["staging"]
    assert notes.run("version", "list", "-e", "staging", **build).status == 0
    assert "a deploy token of Notes" in notes.run("whoami", **build).out
    for command in (("version", "withdraw", "1.1"), ("deploy-token", "list"), ("register", "--app-id")):
        assert notes.run(*command, **build).status in {2, 4}
    assert token not in notes.run("deploy-token", "list").out
    assert notes.run("deploy-token", "make", "x", "--days", "0").status == 2


def test_a_deploy_token_may_be_kept_by_login(notes: Desk) -> None:
    token = notes.run("deploy-token", "make", "mine", "-e", "staging", "--json").answer["token"]

    signed = notes.run("login", notes.url, "--non-interactive", TRADEPOST_TOKEN=token)
    assert (signed.status, "as a deploy token of Notes" in signed.out) == (0, True)
    assert notes.run("deploy", "-e", "staging", TRADEPOST_TOKEN="").status == 0


def test_a_revoked_token_ends_at_once(notes: Desk) -> None:
    made = notes.run("deploy-token", "make", "pipeline", "-e", "staging", "--json").answer
    listed = notes.run("deploy-token", "list", "--json").answer["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert "pipeline" in notes.run("deploy-token", "list").out

    assert notes.run("deploy-token", "revoke", made["id"]).status == 0
    ended = notes.run("deploy", "-e", "staging", TRADEPOST_TOKEN=made["token"])
    assert (ended.status, "revoked" in ended.err) == (4, True)
    assert notes.run("deploy-token", "revoke", "00000000-0000-0000-0000-000000000000").status == 1
    assert notes.run("deploy-token", "revoke", "../../me").status in {1, 5}


def test_a_build_deploys_by_its_identity_and_keeps_nothing(notes: Desk, issuer: Issuer) -> None:
    added = notes.run(
        "trusted-build", "add", "-e", "production", "--issuer", issuer.url,
        "--claim", "repository=acme/notes", "--claim", "ref=refs/heads/main", "--json",
    )  # fmt: skip
    assert added.status == 0, added.err
    first, second = (issuer.sign(now=machine_now(), number=number) for number in (1, 2))

    by_variable = notes.run("deploy", "-e", "production", TRADEPOST_IDENTITY_TOKEN=first, **NO_TOKEN)
    assert by_variable.status == 0, by_variable.err
    named = notes.run("deploy", "-e", "production", "--identity-token-env", "MY_ID", "--json", MY_ID=second)
    assert (named.status, named.answer["version"], named.answer["run_url"]) == (0, "1.2.0", CLAIMS["run_url"])
    assert list((notes.folder.parent / "home").rglob("*")) == []
    assert DeployToken.objects.count() == 2
    for ended in (by_variable, named):
        assert first not in ended.out + ended.err
        assert "tpd_" not in ended.out + ended.err
    notes.write(more_scopes())
    third = issuer.sign(now=machine_now(), number=3)
    major = notes.run("deploy", "-e", "production", TRADEPOST_IDENTITY_TOKEN=third, **NO_TOKEN)
    assert (major.status, "--approve-major" in major.err) == (3, True)


def test_a_build_that_is_not_trusted_is_refused_and_the_vendor_reads_why(notes: Desk, issuer: Issuer) -> None:
    notes.run("trusted-build", "add", "--issuer", issuer.url, "--claim", "sub=somebody else", "-e", "production")
    token = issuer.sign(now=machine_now())

    refused = notes.run("deploy", "-e", "production", TRADEPOST_IDENTITY_TOKEN=token, **NO_TOKEN)
    assert (refused.status, refused.out) == (4, "")
    assert "TRADEPOST_IDENTITY_TOKEN" in refused.err
    assert "tradepost trusted-build refused" in refused.err
    assert "somebody else" not in refused.err
    told = notes.run("trusted-build", "refused", "--json").answer["items"]
    assert (told[0]["environment"], bool(told[0]["why"])) == ("production", True)
    assert issuer.url in notes.run("trusted-build", "refused").out
    used_anyway = notes.run("deploy", "-e", "production", TRADEPOST_IDENTITY_TOKEN="nonsense")
    assert used_anyway.status == 0


def test_trusted_builds_are_listed_and_removed(notes: Desk, issuer: Issuer) -> None:
    added = notes.run(
        "trusted-build", "add", "--issuer", issuer.url, "--claim", "sub=repo:acme/notes:ref:main", "--json"
    ).answer
    assert added["claims"] == {"sub": "repo:acme/notes:ref:main"}

    assert "sub=repo:acme/notes:ref:main" in notes.run("trusted-build", "list").out
    assert notes.run("trusted-build", "remove", added["id"]).status == 0
    assert notes.run("trusted-build", "list").out == "No build may deploy by its identity.\n"
    assert notes.run("trusted-build", "add", "--issuer", issuer.url, "--claim", "sub").status == 2
    assert notes.run("trusted-build", "add", "--issuer", "https://x.example", "--claim", "sub=a").status == 1


def test_an_identity_token_that_is_not_there_is_said(notes: Desk) -> None:
    missing = notes.run("deploy", "--identity-token-env", "MY_ID")
    assert (missing.status, "MY_ID is empty or not set" in missing.err) == (4, True)
    long = notes.run("deploy", TRADEPOST_IDENTITY_TOKEN="x" * 30_000, **NO_TOKEN)
    assert (long.status, "longer than" in long.err) == (4, True)
    wrong = notes.run("deploy", TRADEPOST_IDENTITY_TOKEN="x.y.z", **NO_TOKEN)
    assert (wrong.status, wrong.out) == (1, "")  # no issuer is trusted here at all
