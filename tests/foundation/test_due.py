"""Questions about what is due next: asked together they say what each says alone."""

from datetime import UTC, datetime, timedelta

import pytest

from tradepost.foundation import due, jobs
from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import HouseKeeping

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@due.earliest("due_at")
def _next_of_all(_machine):
    return HouseKeeping.objects.all()


@due.earliest("due_at")
def _next_to_come(machine):
    return HouseKeeping.objects.filter(due_at__gt=machine)


def _keep(**times):
    HouseKeeping.objects.all().delete()
    HouseKeeping.objects.bulk_create(HouseKeeping(service=name, due_at=at) for name, at in times.items())


def test_the_earliest_time_is_told_and_none_where_there_is_none():
    _keep()
    assert _next_of_all() is None

    _keep(host=AT + HOUR, marketplace=AT)
    assert _next_of_all() == AT


def test_the_time_of_the_machine_is_that_of_asking_however_often_one_asks():
    for hours in (1, 2):
        coming = machine_now() + hours * HOUR
        _keep(host=AT, marketplace=coming)
        assert _next_to_come() == coming


def test_all_are_asked_by_one_statement(django_assert_num_queries):
    coming = machine_now() + HOUR
    _keep(host=AT, marketplace=coming)

    with django_assert_num_queries(1):
        assert due.ask([_next_to_come, _next_of_all, _next_to_come]) == [coming, AT, coming]
    with django_assert_num_queries(0):
        assert due.ask([]) == []


def test_every_kind_of_work_is_told_the_same_together_as_alone():
    works = list(jobs.works())
    together = {work.name: at for work, at in jobs.due_times(works)}

    assert list(together) == [work.name for work in works]
    for work in works:
        if isinstance(work.next_due, due.NextDue):
            assert together[work.name] == work.next_due()
