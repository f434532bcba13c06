"""The address of an installation link: whom it opens for, and what nobody learns from it."""

import logging
from datetime import timedelta

import pytest
from django.test import Client
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP

from tradepost.core.errors import InvalidInputError
from tradepost.foundation.clock import domain_now
from tradepost.foundation.models import AuditEntry
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.tokens import commands, queries
from tradepost.marketplace.tokens.models import AccessToken

pytestmark = pytest.mark.django_db

LATER = START + 5 * HOUR


def get(secret, app=APP, **more):
    """Somebody opens a link, signed in nowhere."""
    return Client(headers={"host": "marketplace.test"}).get(f"/apps/{app}/descriptor", {"access-token": secret}, **more)


def test_it_serves_the_newest_descriptor_as_it_was_fetched_and_binds_nothing(server, listing, made):
    assert get(made.secret).json() == descriptor()
    newest = descriptor(name="Renamed", modules={"webPanels": []})
    server.serve(newest)
    poll(listing, LATER)

    answer = get(made.secret)
    assert answer.json() == newest
    assert answer["Content-Type"] == "application/json"
    made.token.refresh_from_db()
    assert (made.token.state, made.token.site) == ("unbound", None)


def test_nobody_keeps_the_answer_or_tells_where_they_came_from(made):
    for answer in (get(made.secret), get("tpa_" + "x" * 43)):
        assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")


@pytest.mark.parametrize("text", ["", "tpa_", "tpa_" + "x" * 43, "x" * 5000, "tpa_é", "tpa_\n"])
def test_a_text_that_is_no_token_opens_nothing(made, text):
    assert get(text).status_code == 404


def test_neither_no_token_nor_the_token_of_another_app_opens_it(made, server, vendor, owner):
    catalog.list_app(vendor.pk, server.serve(descriptor(key="com.example.b"), "/b"), by=owner, now=START)

    assert Client(headers={"host": "marketplace.test"}).get(f"/apps/{APP}/descriptor").status_code == 404
    assert get(made.secret, app="com.example.b").status_code == 404
    assert get(made.secret, app="com.example.nowhere").status_code == 404


def test_used_removed_replaced_and_expired_links_answer_alike(listing, owner, made, holder):
    removed, replaced = (commands.make(APP, by=owner, now=domain_now()) for _ in range(2))
    late = commands.make(APP, by=owner, now=START, expires_at=START + HOUR)
    commands.remove(APP, removed.token.pk, by=owner, now=START)
    renewed = commands.new_link(APP, replaced.token.pk, by=owner, now=START)
    holder.apply(made.secret)

    answers = [get(each.secret) for each in (made, removed, replaced, late)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content.replace(answer["X-Request-Id"].encode(), b"") for answer in answers}) == 1
    assert get(renewed.secret).status_code == 200


def test_a_link_is_over_at_its_instant(listing, owner):
    made = commands.make(APP, by=owner, now=START, expires_at=START + HOUR)
    just_before = START + HOUR - timedelta(microseconds=1)

    assert queries.find_installable(APP, made.secret, now=just_before) is not None
    assert queries.find_installable(APP, made.secret, now=START + HOUR) is None


def test_who_guesses_too_often_waits(made):
    for number in range(30):
        assert get(f"tpa_{number:040}").status_code == 404

    answer = get(made.secret)
    assert (answer.status_code, answer["Cache-Control"]) == (429, "no-store")
    assert get(made.secret, REMOTE_ADDR="192.0.2.7").status_code == 200


def test_a_link_is_no_address_of_a_descriptor_to_watch(made, owner, vendor):
    for act in (
        lambda: catalog.change_descriptor_url(APP, made.link, by=owner, now=START),
        lambda: catalog.list_app(vendor.pk, made.link, by=owner, now=START),
        lambda: catalog.add_environment(APP, "staging", made.link, by=owner, now=START),
    ):
        with pytest.raises(InvalidInputError, match="address of the marketplace itself") as refused:
            act()
        assert made.secret not in str(refused.value)


def test_other_methods_are_refused(made):
    client = Client(headers={"host": "marketplace.test"})
    assert client.post(f"/apps/{APP}/descriptor?access-token={made.secret}").status_code == 405


def test_no_log_line_answer_page_or_audit_row_carries_the_token(made, owner, holder, caplog):
    caplog.set_level(logging.DEBUG)
    shown = [
        get(made.secret),
        get(made.secret + "x"),
        get(made.secret, app="com.example.nowhere"),
        Client(headers={"host": "marketplace.test"}).get(f"/apps/{APP}/descriptr", {"access-token": made.secret}),
        Client(headers={"host": "elsewhere.test"}).get(f"/apps/{APP}/descriptor", {"access-token": made.secret}),
        holder.apply(made.secret, app="com.example.nowhere"),
        holder.apply(made.secret),
        holder.apply(made.secret, site=2),
    ]
    commands.remove(APP, made.token.pk, by=owner, now=START)
    shown.append(holder.apply(made.secret))

    assert [answer.status_code for answer in shown] == [200, 404, 404, 404, 400, 409, 200, 409, 409]
    assert not [line for line in caplog.messages if made.secret in line]
    assert not [answer for answer in shown if made.secret.encode() in answer.content]
    assert not [row for row in AuditEntry.objects.all() if made.secret in str(row.detail)]


def test_an_error_of_ours_is_logged_without_the_token(made, caplog, monkeypatch):
    def break_down(*_, **__):
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(queries, "find_installable", break_down)
    answer = get(made.secret)

    assert answer.status_code == 500
    assert "the database is gone" in caplog.text
    assert made.secret not in caplog.text + answer.content.decode()
    assert AccessToken.objects.get().state == "unbound"
