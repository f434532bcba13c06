"""Which addresses are installation links of our marketplace, and which only look like one."""

import pytest

from tradepost.core.errors import InvalidInputError
from tradepost.host.licenses.links import holds_token, is_own, read_link, read_token, without_token
from tradepost.host.marketlink.models import MarketplaceLink

TOKEN = "tpa_0123456789abcdefABCDEF-_0123456789"
PATH = f"/apps/com.example.app/descriptor?access-token={TOKEN}"


@pytest.fixture(autouse=True)
def linked(db: None) -> None:
    MarketplaceLink.objects.create(
        url="https://market.example", host_id="00000000-0000-0000-0000-000000000001", name="here",
        sealed_credential="", enrolled_at="2026-03-02T12:00:00Z",
    )  # fmt: skip


@pytest.mark.parametrize(
    "address",
    [
        f"https://market.example{PATH}",
        f"HTTPS://Market.Example{PATH}",
        f"https://market.example:443{PATH}",
        f"  https://market.example\n{PATH} \r\n",
        f"https://market.example{PATH}&utm_source=mail",
    ],
)
def test_a_link_of_our_marketplace_is_known_by_origin_and_path(address: str) -> None:
    link = read_link(address)
    assert link is not None
    assert (link.app, link.token) == ("com.example.app", TOKEN)
    assert read_token(address) == link
    assert is_own(address)


@pytest.mark.parametrize(
    "address",
    [
        f"https://market.example.evil.example{PATH}",
        f"https://evil.example/https://market.example{PATH}",
        f"https://market.example@evil.example{PATH}",
        f"https://evil.example\\@market.example{PATH}",
        f"https://market.example:8443{PATH}",
        f"http://market.example{PATH}",
        f"https://market.example.{PATH}",
        f"https://www.market.example{PATH}",
        f"https://market.example//apps/a/descriptor?access-token={TOKEN}",
        f"https://market.example/apps/a/b/descriptor?access-token={TOKEN}",
        f"https://market.example/apps/a/descriptor/?access-token={TOKEN}",
        f"https://market.example/apps/../descriptor/x?access-token={TOKEN}",
        f"https://market.example/apps/a%2Fb/descriptor?access-token={TOKEN}",
        f"https://market.example/elsewhere?access-token={TOKEN}",
        f"https://market.example{PATH}#part",
        f"https://evil.example/apps/a/descriptor?access-token={TOKEN.replace('_', '%5F')}",
    ],
)
def test_an_address_that_only_looks_like_one_is_not_opened_with_a_token_in_it(address: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_link(address)
    assert "does not lead to the marketplace of this site" in str(refused.value)
    assert "0123456789abcdef" not in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example/atlassian-connect.json",
        "https://market.example.evil/apps/a/descriptor?access-token=0335bc4d",
    ],
)
def test_any_other_address_is_an_ordinary_one(address: str) -> None:
    assert read_link(address) is None
    assert not is_own(address)


@pytest.mark.parametrize(
    "query", ["", "?access-token=", "?access-token=short", f"?access-token={TOKEN}&access-token=b"]
)
def test_a_link_of_ours_without_exactly_one_token_is_refused(query: str) -> None:
    with pytest.raises(InvalidInputError, match="carries no access token"):
        read_link(f"https://market.example/apps/com.example.app/descriptor{query}")


@pytest.mark.parametrize("text", ["", "hunter2", "tpa_", "tp_0123456789abcdef", TOKEN + "!", TOKEN + "ß", "x" * 5000])
def test_what_is_no_token_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_token(text)
    assert len(text) < 8 or text not in str(refused.value)


def test_tokens_in_texts_of_others_are_made_unreadable() -> None:
    assert holds_token(f"see {TOKEN}")
    assert without_token(f"see {TOKEN} and {TOKEN}.") == "see tpa_… and tpa_…."
