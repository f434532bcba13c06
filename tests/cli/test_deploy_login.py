"""`tradepost login`, `logout`, `whoami`: tokens at a marketplace on a real port, and where they are kept."""

import json
import stat

import pytest
from tests.cli.deployhouse import Desk, token_of

NONE = {"TRADEPOST_MARKETPLACE": "", "TRADEPOST_TOKEN": ""}


def kept(desk: Desk):
    return desk.folder.parent / "home" / ".config" / "tradepost" / "credentials.json"


def sign_in(desk: Desk, **environment: str):
    return desk.run("login", desk.url, "--non-interactive", **environment)


def test_a_token_is_asked_for_at_a_terminal_tried_and_not_shown(desk: Desk) -> None:
    ended = desk.typed(("login",), {"Marketplace": desk.url, "not shown): ": desk.token}, **NONE)

    assert ended.status == 0, ended.out
    assert f"You are signed in to {desk.url} as vera@acme.test." in ended.out
    assert f"{desk.url}/you/tokens/" in ended.out
    assert desk.token not in ended.out
    assert json.loads(kept(desk).read_text())["marketplaces"][desk.url]["token"] == desk.token


def test_what_is_kept_is_for_its_owner_alone_and_serves_the_next_commands(desk: Desk) -> None:
    kept(desk).parent.mkdir(parents=True, mode=0o755)

    assert sign_in(desk).status == 0
    assert stat.S_IMODE(kept(desk).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(desk).parent.stat().st_mode) == 0o700
    assert [each.name for each in kept(desk).parent.iterdir()] == ["credentials.json"]
    ended = desk.run("whoami", **NONE)
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"vera@acme.test at {desk.url}, by the token from tradepost login.")
    assert desk.run("whoami", "--json", **NONE).answer["email"] == "vera@acme.test"
    kept(desk).chmod(0o644)
    open_to_all = desk.run("whoami", **NONE)
    assert (open_to_all.status, "chmod 600" in open_to_all.err) == (4, True)


def test_the_folder_for_settings_is_where_the_environment_says(desk: Desk) -> None:
    place = desk.folder.parent / "settings"

    assert sign_in(desk, XDG_CONFIG_HOME=str(place)).status == 0
    assert (place / "tradepost" / "credentials.json").exists()
    assert not kept(desk).exists()
    assert sign_in(desk, XDG_CONFIG_HOME="relative").status == 0
    assert kept(desk).exists()


def test_the_environment_wins_over_what_is_kept_and_a_kept_token_goes_to_its_own_marketplace_only(desk: Desk) -> None:
    assert sign_in(desk).status == 0

    for variable, value in (("TRADEPOST_TOKEN", "tp_wrong"), ("TRADEPOST_TOKEN_FILE", str(desk.write("tp_w", "t")))):
        ended = desk.run("whoami", **{**NONE, variable: value})
        assert (ended.status, ended.out) == (4, "")
        assert variable in ended.err
        assert value not in ended.err or variable.endswith("FILE")
    elsewhere = desk.run("whoami", "--marketplace", "https://other.example", **NONE)
    assert (elsewhere.status, "not signed in to https://other.example" in elsewhere.err) == (4, True)


def test_logging_out_forgets_the_token_and_says_that_it_still_works(desk: Desk) -> None:
    sign_in(desk)

    ended = desk.run("logout")
    assert (ended.status, f"{desk.url}/you/tokens/ revokes it" in ended.out) == (0, True)
    assert desk.token not in kept(desk).read_text()
    assert desk.run("whoami", **NONE).status == 4
    assert desk.run("logout").status == 0


@pytest.mark.parametrize("missing", ["TRADEPOST_TOKEN", "TRADEPOST_MARKETPLACE"])
def test_where_nobody_can_be_asked_what_is_missing_is_said(desk: Desk, missing: str) -> None:
    for arguments in (("login", "--non-interactive"), ("login",)):
        ended = desk.run(*arguments, **{missing: ""})
        assert (ended.status, ended.out) == (2, "")
        assert missing in ended.err
    assert not kept(desk).exists()


def test_a_token_that_is_not_taken_is_not_kept(desk: Desk) -> None:
    ended = sign_in(desk, TRADEPOST_TOKEN="tp_wrong")

    assert (ended.status, "not valid" in ended.err) == (4, True)
    assert not kept(desk).exists()
    assert desk.run("whoami", TRADEPOST_TOKEN="täst").status == 4


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("http://market.example.com", "not encrypted"),
        ("http://127.0.0.1.example.com", "not encrypted"),
        ("ftp://market.example.com", "no http or https address"),
        ("market.example.com", "no http or https address"),
        ("https://vera:secret@market.example.com", "no user"),
        ("https://market.example.com/?a=b", "no user, no ?"),
        ("https://[::1", "is no address"),
    ],
)
def test_a_token_goes_to_no_odd_address_and_not_over_http_to_another_machine(
    desk: Desk, address: str, complaint: str
) -> None:
    ended = desk.run("login", address, "--non-interactive")

    assert (ended.status, ended.out) == (2, "")
    assert complaint in " ".join(ended.err.replace("│", " ").split())
    assert desk.run("whoami", "--marketplace", address).status == 4


def test_a_marketplace_that_is_away_or_is_none_has_a_status_of_its_own(desk: Desk) -> None:
    away = desk.run("whoami", "--marketplace", "http://127.0.0.1:9")
    assert (away.status, "cannot reach the marketplace at http://127.0.0.1:9" in away.err) == (5, True)
    other = desk.run("whoami", "--marketplace", f"{desk.url}/nowhere")
    assert (other.status, "is it a marketplace of Tradepost?" in other.err) == (5, True)
    assert desk.token not in away.err + other.err


def test_damaged_credentials_are_named_and_nothing_else_happens(desk: Desk) -> None:
    sign_in(desk)
    for text in ("{", "[]", '{"current": "x", "marketplaces": {"x": 1}}', "\x00"):
        kept(desk).write_text(text)
        ended = desk.run("whoami", **NONE)
        assert (ended.status, "is damaged" in ended.err) == (4, True)
        assert sign_in(desk).status == 1


def test_a_token_says_what_it_may(desk: Desk) -> None:
    ended = desk.run("whoami", TRADEPOST_TOKEN=token_of(desk.owner, "apps:read"))

    assert "The token may: apps:read." in ended.out
