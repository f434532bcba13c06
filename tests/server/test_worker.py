import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection
from django.test import Client

from tradepost.foundation.clock import machine_now
from tradepost.foundation.models import HouseKeeping

PATIENCE = 30.0  # seconds


@pytest.fixture
def worker(transactional_db, database_server, tmp_path):
    """Start a worker for the host service on the database of this test."""
    url = urlunsplit(urlsplit(database_server)._replace(path="/" + connection.settings_dict["NAME"]))
    log = (tmp_path / "worker.log").open("w+")
    program = subprocess.Popen(
        [sys.executable, "-m", "tradepost.server", "worker", "host"],
        env={**os.environ, "DATABASE_URL": url, "TRADEPOST_TICK_SECONDS": "0.1"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    yield program
    if program.poll() is None:
        program.kill()
        program.wait()
    log.seek(0)
    print(log.read())
    log.close()


def until(answer):
    deadline = time.monotonic() + PATIENCE
    while not (found := answer()):
        assert time.monotonic() < deadline, "the worker took too long"
        time.sleep(0.05)
    return found


def test_a_worker_takes_up_what_is_due_shows_that_it_lives_and_stops_when_asked(worker):
    kept = until(lambda: HouseKeeping.objects.filter(service="host", due_at__gt=machine_now()).first())
    assert kept.due_at > machine_now() + timedelta(minutes=9)
    assert not HouseKeeping.objects.filter(service="marketplace").exists()
    until(lambda: Client().get("/readyz").status_code == 200)

    HouseKeeping.objects.update(due_at=machine_now())
    until(lambda: HouseKeeping.objects.filter(due_at__gt=machine_now()).exists())

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    assert Client().get("/readyz").json()["worker"] == "missing"
