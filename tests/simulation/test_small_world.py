"""A small world in which no invariant breaks, and in which each of them breaks where a breach is planted."""

import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from tests.simulation.conftest import SMALL

from tradepost.foundation.models import OutgoingMail
from tradepost.host.approvals.models import Approval
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.upgrading.models import LifecycleCall, Upgrade
from tradepost.marketplace.releases.models import AppVersion
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.testing import invariants
from tradepost.testing.at_rest import judge_step
from tradepost.testing.invariants import Judged
from tradepost.testing.picture import take_picture

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def breaches(world):
    """The names of the invariants that do not hold now."""
    found = invariants.judge(take_picture(), world.ledger, Judged(), now=world.now)
    return {text.partition(":")[0] for text in found}


@contextmanager
def changed(entries, key, value):
    """Put something else into a ledger for a moment."""
    before = entries[key]
    entries[key] = value
    try:
        yield
    finally:
        entries[key] = before


def place_of(world, upgrade):
    return world.founded.names[upgrade.site_id], upgrade.app_key


def an_approved_upgrade():
    return Upgrade.objects.filter(state="applied", trigger="approval").order_by("finished_at").first()


def a_mail():
    return OutgoingMail.objects.filter(service="host", dedupe_key__startswith="approval:").earliest("decided_at")


def test_no_invariant_breaks_in_a_small_world(played):
    assert played.violations == []


def test_much_happens_in_the_small_world(played):
    """Or it would show little."""
    applied = Upgrade.objects.filter(state="applied")
    kinds = {each.kind for decisions in played.ledger.decisions.values() for each in decisions}

    assert applied.filter(trigger="automatic").count() > 20
    assert applied.filter(trigger="approval").exists()
    assert {"install", "approve", "decline"} <= kinds
    assert Approval.objects.filter(state="waiting").exists()
    assert LifecycleCall.objects.filter(succeeded=False).exists()
    assert AppVersion.objects.count() > 6
    assert played.ledger.mishaps


def test_the_same_seed_gives_the_same_trace_in_another_process(played, database_server, tmp_path):
    """In another database, with other ids, and with sets in another order."""
    trace = tmp_path / "trace"
    command = [sys.executable, "-m", "tradepost.testing.simulation", "--trace", str(trace), "--seed", str(SMALL.seed)]
    extent = ["--sites", str(SMALL.sites), "--days", str(SMALL.days)]

    ended = subprocess.run(
        command + extent,
        env={**os.environ, "DATABASE_URL": database_server, "PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert trace.read_text(encoding="utf-8").splitlines() == played.trace.lines
    assert played.trace.digest in ended.stdout


def test_nothing_is_reported_where_nothing_is_planted(world):
    assert breaches(world) == set()
    assert judge_step(world.now) == []


def test_a_right_that_nobody_granted_is_reported(world):
    place = place_of(world, an_approved_upgrade())
    without = [each for each in world.ledger.decisions[place] if each.kind != "approve"]

    with changed(world.ledger.decisions, place, without):
        assert "no_right_without_consent" in breaches(world)


def test_an_upgrade_to_more_than_was_approved_is_reported(world):
    place = place_of(world, an_approved_upgrade())
    less = [
        replace(each, ask=replace(each.ask, rights=frozenset(), becomes_paid=False, api_version=None))
        for each in world.ledger.decisions[place]
    ]

    with changed(world.ledger.decisions, place, less):
        assert "no_right_without_consent" in breaches(world)


def test_an_approval_that_was_taken_back_does_not_count(world):
    place = place_of(world, an_approved_upgrade())
    approved = next(each for each in world.ledger.decisions[place] if each.kind == "approve")
    decisions = [*world.ledger.decisions[place], replace(approved, kind="decline")]

    with changed(world.ledger.decisions, place, decisions):
        assert "no_right_without_consent" in breaches(world)


def test_an_upgrade_that_is_recorded_twice_is_reported(world):
    upgrade = an_approved_upgrade()
    upgrade.pk = (upgrade.planned_at, upgrade.site_id, uuid.uuid4())
    upgrade.save(force_insert=True)

    assert "nothing_is_recorded_twice" in breaches(world)


def test_a_call_that_is_recorded_twice_is_reported(world):
    call = LifecycleCall.objects.first()
    call.pk = (call.at, call.site_id, uuid.uuid4())
    call.save(force_insert=True)

    assert "nothing_is_recorded_twice" in breaches(world)


def test_a_second_first_mail_is_reported(world):
    mail = a_mail()
    mail.pk, mail.dedupe_key = uuid.uuid4(), "another"
    mail.save(force_insert=True)

    assert "nothing_is_recorded_twice" in breaches(world)


def test_a_number_that_falls_is_reported(world):
    newest = AppVersion.objects.latest("made_at")
    AppVersion.objects.filter(pk=newest.pk).update(order_key=1)

    assert "numbers_only_rise" in breaches(world)


def test_a_site_that_goes_back_is_reported(world):
    upgrade = Upgrade.objects.filter(state="applied", trigger="automatic").latest("finished_at")
    Upgrade.objects.filter(id=upgrade.id).update(to_number=upgrade.from_number)

    assert "numbers_only_rise" in breaches(world)


def test_a_number_that_means_something_else_is_reported(world):
    one, other = AppVersion.objects.order_by("made_at")[:2]
    AppVersion.objects.filter(pk=one.pk).update(document=other.document)

    assert "no_number_is_used_again" in breaches(world)


def test_a_host_service_with_other_bytes_is_reported(world):
    KnownVersion.objects.filter(pk=KnownVersion.objects.first().pk).update(sha256="0" * 64)

    assert "no_number_is_used_again" in breaches(world)


def test_a_site_that_was_touched_in_its_window_is_reported(world):
    call = LifecycleCall.objects.filter(
        attempt=1, upgrade_id__in=Upgrade.objects.filter(trigger="automatic").values("id")
    ).first()
    site = world.founded.names[call.site_id]
    local = call.at.time().replace(second=0, microsecond=0)
    window = replace(world.ledger.windows[site][0], start=local, end=time(23, 59, 59), zone=ZoneInfo("UTC"))

    with changed(world.ledger.windows, site, [window]):
        assert "no_site_is_touched_in_its_window" in breaches(world)


def test_an_approval_that_waits_is_reported(world):
    Upgrade.objects.filter(id=an_approved_upgrade().id).update(planned_at=F("planned_at") - HOUR)

    assert "an_administrators_act_goes_through_at_once" in breaches(world)


def test_a_declined_ask_that_is_repeated_is_reported(world):
    declined = Approval.objects.filter(state="declined").first()
    mail = OutgoingMail.objects.filter(text__contains=str(declined.pk)).latest("decided_at")
    mail.pk, mail.dedupe_key, mail.decided_at = uuid.uuid4(), "another", world.now
    mail.subject = f"Reminder: {mail.subject}"
    mail.save(force_insert=True)

    assert "a_declined_ask_is_not_repeated" in breaches(world)


def test_a_reminder_that_comes_too_soon_is_reported(world):
    mail = a_mail()
    mail.pk, mail.dedupe_key, mail.decided_at = uuid.uuid4(), "another", mail.decided_at + DAY
    mail.subject = f"Reminder: {mail.subject}"
    mail.save(force_insert=True)

    assert "reminders_come_weekly" in breaches(world)


def test_a_reminder_that_does_not_come_is_reported(world):
    waiting = Approval.objects.filter(state="waiting").first()
    OutgoingMail.objects.filter(text__contains=str(waiting.pk)).update(decided_at=world.now - 8 * DAY)

    assert "reminders_come_weekly" in breaches(world)


def test_an_ask_about_an_old_version_is_reported(world):
    waiting = Approval.objects.filter(state="waiting").first()
    Approval.objects.filter(pk=waiting.pk).update(version=waiting.installation.running_id)

    assert "a_waiting_ask_is_about_the_newest_version" in breaches(world)


@pytest.mark.parametrize("column", ["running", "target", "state", "until", "enabled"])
def test_a_report_that_was_lost_is_reported(world, column):
    record = InstallationRecord.objects.filter(target__isnull=False).first()
    other = {"running": None, "target": None, "state": "failed", "until": world.now, "enabled": not record.enabled}
    InstallationRecord.objects.filter(pk=record.pk).update(**{column: other[column]})

    assert "the_marketplace_knows_what_the_host_does" in breaches(world)


def test_a_poll_that_comes_late_is_reported(world):
    app, times = next(iter(world.ledger.polls.items()))

    with changed(world.ledger.polls, app, [at for at in times if not DAY < at - times[0] < DAY + 10 * HOUR]):
        assert "everybody_looks_in_time" in breaches(world)


def test_a_site_that_stops_asking_is_reported(world):
    site, times = next(iter(world.ledger.checks.items()))

    with changed(world.ledger.checks, site, times[:-3]):
        assert "everybody_looks_in_time" in breaches(world)


def test_another_secret_for_the_same_site_is_reported(world):
    place, calls = next((place, calls) for place, calls in world.ledger.calls.items() if len(calls) > 1)

    with changed(world.ledger.calls, place, [replace(calls[0], secret="other"), *calls[1:]]):
        assert "apps_keep_their_tenants" in breaches(world)


def test_an_error_of_our_own_is_reported(world):
    world.ledger.surprises.append("the marketplace answered 500")
    try:
        assert "nothing_surprises" in breaches(world)
    finally:
        world.ledger.surprises.clear()


def test_a_version_that_does_not_reach_a_site_in_time_is_reported(world):
    """A site that got a version late, and one that never did."""
    late = Upgrade.objects.filter(state="applied", trigger="automatic").earliest("finished_at")
    since = Upgrade.objects.filter(installation_id=late.installation_id, finished_at__gte=late.finished_at)
    since.update(finished_at=F("finished_at") + 40 * HOUR)
    assert "a_free_version_reaches_every_healthy_site_in_33_hours" in breaches(world)

    since.update(state="superseded")
    assert "a_free_version_reaches_every_healthy_site_in_33_hours" in breaches(world)


@pytest.mark.parametrize(
    ("because", "change", "what"),
    [
        ("consent", {"text": ""}, "a wait has no reason"),
        ("consent", {"because": ""}, "a wait has no end and no person"),
        ("consent", {"because": "window"}, "a wait has no end and no person"),
        ("declined", {"because": "consent"}, "a wait has no end and no person"),
        ("", {"text": "waits for nothing"}, "a reason is shown where nothing waits"),
    ],
)
def test_a_wait_without_reason_or_end_is_reported(world, because, change, what):
    each = Installation.objects.filter(because=because, state="enabled").first()
    Installation.objects.filter(pk=each.pk).update(**change)

    assert [text.partition(":")[0] for text in judge_step(world.now)] == [what]


def test_work_that_is_left_lying_is_reported(world):
    each = Installation.objects.filter(because="consent").first()
    Installation.objects.filter(pk=each.pk).update(due_at=world.now)

    assert [text.partition(":")[0] for text in judge_step(world.now)] == ["due work is left"]


def test_an_ask_that_is_gone_is_reported(world):
    Approval.objects.filter(state="waiting").update(state="superseded")

    assert {text.partition(":")[0] for text in judge_step(world.now)} == {"a wait has no end and no person"}
