"""Our own PostgreSQL, started for real in a folder of its own."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from tradepost.server.children import is_alive
from tradepost.server.databases import fresh_database
from tradepost.server.places import PROJECT, database_folder, is_root, make_folder
from tradepost.server.postgres import NoPostgresError, OwnPostgres, main, wait_until


@pytest.fixture
def folder():
    place = database_folder(f"unit-{os.getpid()}", var=PROJECT / "var")
    yield place
    OwnPostgres(place).stop(even_if_not_ours=True)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def server(folder):
    server = OwnPostgres(folder, for_tests=True)
    server.start()
    return server


def _ask(url, question="SELECT current_user"):
    with psycopg.connect(url) as connection:
        return connection.execute(question).fetchone()[0]


def test_it_starts_and_answers_under_its_address(server):
    assert _ask(server.url()) == "tradepost"
    assert _ask(server.url(), "SHOW server_encoding") == "UTF8"


def test_the_password_is_readable_by_its_owner_alone_and_needed_even_on_this_machine(server, folder):
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url().replace(":" + (folder / "password").read_text(), ":wrong"))


def test_it_never_runs_as_root(server):
    running = server.find_running()

    assert Path(f"/proc/{running.pid}").stat().st_uid != 0


def test_a_second_start_uses_the_server_that_runs_and_does_not_stop_it(server, folder):
    second = OwnPostgres(folder, for_tests=True)
    second.start()
    second.stop()

    assert second.url() == server.url()
    assert _ask(server.url()) == "tradepost"


def test_what_was_written_is_there_after_a_stop_and_a_start(server, folder):
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    server.stop()
    assert server.find_running() is None

    again = OwnPostgres(folder, for_tests=True)
    again.start()

    assert _ask(again.url(), "SELECT number FROM kept") == 7
    again.stop()


def test_a_killed_server_leaves_a_stale_file_and_starts_again(server, folder):
    killed = server.find_running().pid
    os.kill(killed, signal.SIGKILL)
    server._child.wait()
    assert (folder / "data" / "postmaster.pid").exists()
    assert server.has_died()

    again = OwnPostgres(folder, for_tests=True)
    again.start()

    assert again.find_running().pid != killed
    assert _ask(again.url()) == "tradepost"
    again.stop()


def test_a_stale_file_that_names_another_program_is_not_believed(server, folder):
    server.stop()
    (folder / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n/x\n0\n5432\n\n127.0.0.1\n1 1\nready\n")

    assert OwnPostgres(folder).find_running() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its owner's end")
def test_the_server_goes_with_its_owner_whatever_ends_that(folder):
    program = f"""
        import signal
        from pathlib import Path
        from tradepost.server.postgres import OwnPostgres
        server = OwnPostgres(Path({str(folder)!r}), for_tests=True)
        server.start()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell starts what runs in its background without it
        print(server.find_running().pid, flush=True)
        signal.pause()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
            server = int(owner.stdout.readline())
            owner.send_signal(number)

        wait_until(lambda pid=server: not is_alive(pid), seconds=20, what="the server stays")


def test_a_taken_port_is_said_with_the_end_of_the_log(server, folder):
    other = OwnPostgres(folder / "other", for_tests=True, port=server.find_running().port)

    with pytest.raises(NoPostgresError, match=r"(?s)ended at once.*Address already in use"):
        other.start()


def test_folders_that_exist_keep_their_mode(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)

    make_folder(private / "a" / "b", 0o711)

    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE((private / "a" / "b").stat().st_mode) == 0o711


@pytest.mark.skipif(not is_root(), reason="says where root keeps the data")
def test_root_keeps_the_data_out_of_the_project(folder):
    assert PROJECT not in folder.parents


def test_by_hand_it_starts_shows_and_stops(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TRADEPOST_VAR", str(tmp_path))

    assert main(["start", "--test"]) == 0
    started = capsys.readouterr().out.strip()
    assert main(["url", "--test"]) == 0
    assert capsys.readouterr().out.strip() == started
    assert main(["status", "--test"]) == 0
    assert main(["stop", "--test"]) == 0
    assert main(["status", "--test"]) == 3
    assert main(["url", "--test"]) == 1
    assert "does not run" in capsys.readouterr().out
    shutil.rmtree(database_folder("postgres-by-hand").parent, ignore_errors=True)


def test_a_fresh_database_is_gone_after_its_block(monkeypatch):
    monkeypatch.delenv("DATABASE_URL")

    with fresh_database("unit") as url:
        assert _ask(url) == "tradepost"

    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_fresh_database_stands_on_the_given_server(database_server):
    with fresh_database("unit") as url:
        assert _ask(url, "SELECT current_database()").startswith("tradepost_unit_")
        name = _ask(url, "SELECT current_database()")

    with psycopg.connect(database_server) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    assert found is None


def test_what_a_killed_run_left_behind_is_removed_by_the_next(monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    left = database_folder("unit-left-runs", var=PROJECT / "var") / "dead"
    make_folder(left, 0o711)
    (left / "in-use").touch()

    with fresh_database("unit-left"):
        assert not left.exists()
    shutil.rmtree(left.parent, ignore_errors=True)
