from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.template import Context, Template
from tests.foundation.people import browser, person

from tradepost.core.errors import ConflictError, NotFoundError
from tradepost.foundation import commands, navigation
from tradepost.foundation.callers import Caller
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.mail import send_later
from tradepost.foundation.models import AuditEntry, OutgoingMail

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


def shown(text, **context):
    return Template("{% load tradepost %}" + text).render(Context({"domain_time": NOW, "machine_time": NOW, **context}))


def operator_browser(**options):
    return browser(person("op@example.com", operator=True), **options)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (timedelta(hours=-2, minutes=-5), "2 h 5 min ago"),
        (timedelta(days=1, minutes=3), "in 1 d"),
        (timedelta(0), "now"),
        (timedelta(seconds=40), "in 40 s"),
    ],
)
def test_a_time_is_told_absolutely_and_from_now(step, words):
    text = shown("{% when at %}", at=NOW + step)
    assert f"({words})" in text
    assert f"{NOW + step:%Y-%m-%d %H:%M} UTC" in text
    assert 'datetime="' in text


def test_a_time_that_never_was_is_told_in_words():
    assert shown("{% when None 'nothing waits' %}") == "nothing waits"


def test_words_from_outside_are_text_and_not_markup():
    text = shown(
        "{% state s %}{% pointer s %}{% reasons r %}", s="<b>", r=[{"text": "<i>", "rule": "<u>", "pointer": "<p>"}]
    )
    assert not any(f"<{tag}>" in text for tag in "biup")


def test_a_reason_shows_what_it_is_about():
    reason = {"rule": "scope.added", "pointer": "/scopes", "text": "May now write.", "change": "minor", "consent": True}
    text = shown("{% reasons r %}", r=[reason])
    assert all(word in text for word in ("scope.added", "/scopes", "May now write.", "minor", "needs consent"))


def test_an_entry_is_shown_once_to_those_it_is_for_on_its_service(rf):
    navigation.add("marketplace", "Extra", "make_token", navigation.operators)
    navigation.add("marketplace", "Extra", "make_token", navigation.operators)
    try:
        request = rf.get("/")
        labels = []
        for user in (None, person_unsaved(operator=False), person_unsaved(operator=True)):
            request.user = user
            labels.append([link.label for link in navigation.links(request)].count("Extra"))
        assert labels == [0, 0, 1]
    finally:
        navigation._entries.pop()


def person_unsaved(*, operator):
    from tradepost.foundation.models import User

    return User(email="x@example.com", is_operator=operator)


@pytest.mark.django_db
@pytest.mark.parametrize(("step", "hours"), [("1", 1), ("5", 5), ("24", 24)])
def test_the_clock_page_moves_domain_time(step, hours):
    before = domain_now()
    assert operator_browser().post("/clock/", {"step": step}).status_code == 302
    assert domain_now() - before >= timedelta(hours=hours)
    assert AuditEntry.objects.filter(action="clock.moved").count() == 1


@pytest.mark.django_db
def test_the_clock_page_moves_to_a_time_and_refuses_the_past():
    client = operator_browser()
    to = (domain_now() + timedelta(days=2)).replace(microsecond=0)
    assert client.post("/clock/", {"to": f"{to:%Y-%m-%dT%H:%M:%S}"}).status_code == 302
    assert domain_now() >= to
    refused = client.post("/clock/", {"to": "2001-01-01T00:00:00"})
    assert "only moves forward" in refused.text


@pytest.mark.django_db
def test_the_clock_page_refreshes_itself_while_something_is_due():
    client = operator_browser()
    with_mail("a")
    assert "hx-get" in client.get("/clock/working/").text
    assert "deliver_marketplace_mail" in client.get("/clock/").text


def with_mail(key, service="marketplace"):
    from django.db import transaction

    with transaction.atomic():
        send_later(
            service=service,
            to="a@example.com",
            subject=f"About {key}",
            text="secret link",
            dedupe_key=key,
            now=domain_now(),
        )
    return OutgoingMail.objects.get(dedupe_key=key)


@pytest.mark.django_db
def test_mails_are_listed_without_their_texts_and_only_those_of_the_service():
    with_mail("one")
    with_mail("two", service="host")
    text = operator_browser().get("/mails/").text
    assert "About one" in text
    assert "About two" not in text
    assert "secret link" not in text
    assert "About one" not in browser(person("op2@example.com", operator=True)).get("/mails/?state=sent").text


@pytest.mark.django_db
def test_a_mail_that_was_given_up_is_tried_again_and_others_are_not():
    mail, by = with_mail("one"), Caller(person("boss@example.com", operator=True))
    with pytest.raises(ConflictError):
        commands.send_mail_again(mail.pk, by=by, service="marketplace", now=domain_now())
    with pytest.raises(NotFoundError):
        commands.send_mail_again(mail.pk, by=by, service="host", now=domain_now())
    OutgoingMail.objects.update(given_up_at=machine_now(), attempts=20)
    assert operator_browser().post(f"/mails/{mail.pk}/again/").status_code == 302
    mail.refresh_from_db()
    assert (mail.given_up_at, mail.attempts) == (None, 0)


@pytest.mark.django_db
def test_a_failed_job_is_run_again_from_the_page():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) "
            "VALUES ('marketplace', 'marketplace.deliver_marketplace_mail', '{}', 'failed') RETURNING id"
        )
        job = cursor.fetchone()[0]
    client = operator_browser()
    assert f"/work/{job}/again/" in client.get("/work/").text
    assert client.post(f"/work/{job}/again/").status_code == 302
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM procrastinate_jobs WHERE task_name LIKE '%deliver_marketplace_mail'")
        assert cursor.fetchall() == [("todo",)]
    assert client.post(f"/work/{job}/again/").status_code == 404


@pytest.mark.django_db
def test_the_audit_page_filters_and_goes_on_by_pages(monkeypatch):
    from tradepost.foundation import pages

    client = operator_browser()
    for _ in range(3):
        client.post("/clock/", {"step": "1"})
    monkeypatch.setattr(pages, "ROWS", 2)
    first = client.get("/audit/?action=clock.")
    assert first.text.count("<code>clock.moved</code>") == 2
    following = first.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert "action=clock." in following
    assert client.get("/audit/" + following).text.count("<code>clock.moved</code>") == 1
    assert "that fit" in client.get("/audit/?actor=nobody").text
    assert client.get("/audit/?after=nonsense").status_code == 422
