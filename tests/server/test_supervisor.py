"""The supervisor with real programs, each a few lines of Python."""

import os
import signal
import subprocess
import sys
import textwrap
import urllib.request

import pytest

from tradepost.server.children import end_child, is_alive, start_child
from tradepost.server.ports import find_free_port
from tradepost.server.postgres import wait_until
from tradepost.server.supervisor import (
    PartFailedError,
    Program,
    RestartPolicy,
    Supervisor,
    run_once,
    watching,
)

QUICK = RestartPolicy(first_pause=0.01, longest_pause=0.05, most_ends=3, within=60, ready_within=5)
STAYS = "import signal; print('here', flush=True); signal.pause()"
ENDS = "print('cannot find the sea')"


@pytest.fixture
def program(tmp_path):
    def make(source, name="part", ready_url=None):
        return Program(
            name=name,
            command=[sys.executable, "-c", textwrap.dedent(source)],
            log=tmp_path / "log" / f"{name}.log",
            environment=dict(os.environ),
            ready_url=ready_url,
        )

    return make


def test_a_part_that_dies_is_started_again(program):
    told, part = [], program(STAYS)
    supervisor = Supervisor(tell=told.append, policy=QUICK)
    supervisor.start(part)
    first = part.pid

    with watching(supervisor):
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: part.pid != first and not part.has_died(), seconds=10, what="no second start")
        second = part.pid

    assert told == ["The part ended unexpectedly; it starts again in 0.01 s.", "The part was started again."]
    assert not is_alive(second)


def test_a_part_that_keeps_dying_is_given_up_with_the_end_of_its_log(program):
    supervisor = Supervisor(tell=lambda _: None, policy=QUICK)
    supervisor.start(program(ENDS))

    with pytest.raises(PartFailedError, match=r"(?s)ended 3 times within 60 s.*cannot find the sea"):
        supervisor.watch()
    supervisor.stop()


def test_pauses_grow_up_to_the_longest():
    policy = RestartPolicy(first_pause=0.5, longest_pause=3)

    assert [policy.pause_after(ends) for ends in (1, 2, 3, 4, 5)] == [0.5, 1, 2, 3, 3]


def test_a_part_is_awaited_until_it_answers(program):
    port = find_free_port("127.0.0.1")
    part = program(
        f"import http.server as h; h.test(h.BaseHTTPRequestHandler, port={port}, bind='127.0.0.1')",
        ready_url=f"http://127.0.0.1:{port}",
    )
    supervisor = Supervisor(tell=lambda _: None)
    supervisor.start(part)

    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(part.ready_url)
    answer.value.close()
    supervisor.stop()


def test_a_part_that_ends_while_starting_is_said_with_the_end_of_its_log(program):
    supervisor = Supervisor(tell=lambda _: None, policy=QUICK)

    with pytest.raises(PartFailedError, match=r"(?s)part ended while starting.*cannot find the sea"):
        supervisor.start(program(ENDS, ready_url="http://127.0.0.1:9"))
    supervisor.stop()


def test_parts_stop_in_the_other_order(program, tmp_path):
    source = f"""
        import signal, sys
        def end(*_):
            print(sys.argv, file=open({str(tmp_path / "ended")!r}, "a"), flush=True)
            sys.exit()
        signal.signal(signal.SIGTERM, end)
        open(sys.argv[1], "w").close()
        while True: signal.pause()
    """
    supervisor = Supervisor(tell=lambda _: None)
    for name in ("first", "second"):
        part = program(source, name=name)
        part.command = [*part.command, str(tmp_path / name)]
        supervisor.start(part)
        wait_until((tmp_path / name).exists, seconds=10, what="does not come up")

    supervisor.stop()

    first, second = (tmp_path / "ended").read_text().splitlines()
    assert "second" in first
    assert "first" in second


def test_a_child_that_ignores_the_request_is_killed_with_its_own_children(tmp_path):
    source = """
        import signal, subprocess, sys
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        grandchild = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        print(grandchild.pid, flush=True)
        signal.pause()
    """
    log = tmp_path / "log"
    with log.open("wb") as output:
        child = start_child([sys.executable, "-c", textwrap.dedent(source)], output=output)
    wait_until(lambda: log.read_text().endswith("\n"), seconds=10, what="does not come up")

    end_child(child, patience=0.2)

    wait_until(lambda: not is_alive(int(log.read_text())), seconds=10, what="the grandchild stays")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its owner's end")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_running_when_the_supervisor_is_ended(number):
    source = f"""
        import os, pathlib, sys, tempfile
        from tradepost.server.supervisor import Program, Supervisor
        log = pathlib.Path(tempfile.mkdtemp()) / "log"
        part = Program("part", [sys.executable, "-c", {STAYS!r}], log, dict(os.environ))
        supervisor = Supervisor(tell=print)
        supervisor.start(part)
        print(part.pid, flush=True)
        supervisor.watch()
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(source)], stdout=subprocess.PIPE) as owner:
        part = int(owner.stdout.readline())
        owner.send_signal(number)

    wait_until(lambda: not is_alive(part), seconds=10, what="the part stays")


def test_a_step_gives_what_it_printed(tmp_path):
    command = [sys.executable, "-c", "import sys; print('done'); print('hm', file=sys.stderr)"]

    assert run_once("step", command, log=tmp_path / "log", environment=os.environ) == "done\n"
    assert (tmp_path / "log").read_text() == "hm\n"


def test_a_step_that_fails_is_said_with_the_end_of_its_log(tmp_path):
    with pytest.raises(PartFailedError, match=r"(?s)step `migrate` failed with status 1.*no such table"):
        run_once(
            "migrate",
            [sys.executable, "-c", "raise SystemExit('no such table')"],
            log=tmp_path / "log",
            environment=os.environ,
        )
