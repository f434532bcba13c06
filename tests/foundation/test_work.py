from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tradepost.foundation import work
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.models import HouseKeeping, OutgoingMail

pytestmark = pytest.mark.django_db
NAME = "deliver_marketplace_mail"


def job(status, *, worker=None, ended=None, service="marketplace"):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id) "
            "VALUES (%s, %s, '{}', %s, %s) RETURNING id",
            [service, f"{service}.deliver_{service}_mail", status, worker],
        )
        number = cursor.fetchone()[0]
        if ended is not None:
            cursor.execute("UPDATE procrastinate_events SET at = %s WHERE job_id = %s", [ended, number])
            cursor.execute(
                "INSERT INTO procrastinate_events (job_id, type, at) VALUES (%s, 'succeeded', %s)",
                [number, ended],
            )
    return number


def worker(seen):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s) RETURNING id", [seen])
        return cursor.fetchone()[0]


def jobs():
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status FROM procrastinate_jobs ORDER BY id")
        return dict(cursor.fetchall())


def test_the_job_of_a_worker_that_is_gone_is_asked_for_anew():
    now = machine_now()
    gone, silent = job("doing"), job("doing", worker=worker(now - timedelta(minutes=2)))
    alive, others = job("doing", worker=worker(now)), job("doing", service="host")
    assert work.requeue_stalled_jobs("marketplace", machine=now) == [NAME]
    left = jobs()
    assert gone not in left
    assert silent not in left
    assert (left.pop(alive), left.pop(others)) == ("doing", "doing")
    assert list(left.values()) == ["todo"]


def test_a_stalled_job_beside_a_waiting_one_of_its_kind_makes_no_second():
    from tradepost.foundation import jobs as background

    background.defer(NAME)
    job("doing")
    work.requeue_stalled_jobs("marketplace", machine=machine_now())
    assert list(jobs().values()) == ["todo"]


def test_finished_jobs_go_after_a_day_and_failed_ones_after_two_weeks():
    now = machine_now()
    job("succeeded", ended=now - timedelta(hours=25))
    job("failed", ended=now - timedelta(days=15))
    kept = [
        job("succeeded", ended=now - timedelta(hours=23)),
        job("failed", ended=now - timedelta(days=2)),
        job("todo"),
    ]
    assert work.delete_old_jobs("marketplace", machine=now) == 2
    assert list(jobs()) == kept


def mail(key, *, sent):
    now = machine_now()
    fields = {"to": "a@example.com", "subject": "s", "text": "t", "decided_at": now, "due_at": now, "sent_at": sent}
    OutgoingMail.objects.create(service="marketplace", dedupe_key=key, **fields)


def test_sent_mails_go_after_a_quarter_and_those_with_links_after_a_day():
    now = machine_now()
    mail("old", sent=now - timedelta(days=91))
    mail("account.1", sent=now - timedelta(hours=25))
    mail("recent", sent=now - timedelta(days=89))
    mail("waiting", sent=None)
    assert work.delete_old_mail("marketplace", machine=now) == 2
    assert set(OutgoingMail.objects.values_list("dedupe_key", flat=True)) == {"recent", "waiting"}


def test_the_partitions_of_the_coming_months_are_made_once():
    now = datetime(2150, 11, 15, tzinfo=UTC)
    made = work.make_partitions(now)
    assert "foundation_auditentry_2150_12" in made
    assert "foundation_auditentry_2151_01" in made
    assert work.make_partitions(now) == []


def test_the_house_is_kept_at_most_every_ten_minutes_and_by_one():
    assert work.next_due("host") <= machine_now()
    assert work.keep_house("host", domain_now()) == 1
    assert work.keep_house("host", domain_now()) == 0
    assert work.next_due("host") > machine_now() + timedelta(minutes=9)
    HouseKeeping.objects.update(due_at=machine_now())
    assert work.keep_house("host", domain_now()) == 1
