"""The whole house as `make run` starts it."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tradepost.server.__main__ import main
from tradepost.server.databases import fresh_database
from tradepost.server.house import environment_for, programs
from tradepost.server.ports import Ports, find_free_ports, why_not_free
from tradepost.server.postgres import wait_until


@pytest.fixture
def house(tmp_path, database_server):
    """Give the addresses that a running house prints, and its program."""
    with fresh_database("house") as url:
        environment = {**os.environ, "DATABASE_URL": url, "TRADEPOST_VAR": str(tmp_path / "var")}
        command = [sys.executable, "-m", "tradepost.server", "run", "--free-ports"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
            printed = _read_until(child.stdout, "Ctrl-C")
            yield child, re.findall(r"http://([\d.]+):(\d+)", printed), printed
            child.send_signal(signal.SIGKILL)


def _read_until(stream, end):
    lines = []
    for line in stream:
        lines.append(line)
        if end in line:
            break
    return "".join(lines)


def _is_served(host, port):
    try:
        urllib.request.urlopen(f"http://{host}:{port}", timeout=10).close()
    except urllib.error.HTTPError as answer:
        answer.close()
    except OSError:
        return False
    return True


@pytest.mark.slow
def test_every_part_answers_and_nothing_is_left_after_sigterm(house):
    child, addresses, _ = house
    assert len(set(addresses)) >= 4
    assert all(_is_served(host, port) for host, port in addresses)

    child.send_signal(signal.SIGTERM)

    assert child.wait(timeout=60) == 0
    assert [why_not_free(host, int(port)) for host, port in addresses] == [None] * len(addresses)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its owner's end")
def test_nothing_is_left_when_the_house_is_killed(house):
    child, addresses, _ = house

    child.kill()

    wait_until(
        lambda: all(why_not_free(host, int(port)) is None for host, port in addresses),
        seconds=30,
        what="a part stays",
    )


def test_a_taken_port_ends_the_start_with_its_name_and_the_options(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TRADEPOST_VAR", str(tmp_path))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("TRADEPOST_PORT_HOST", str(port))

        assert main(["run", "--port-base", "21500"]) == 1

    for number, previous in before.items():
        signal.signal(number, previous)
    assert f"127.0.0.1:{port} for the host cannot be used: it is in use" in capsys.readouterr().err


def test_a_port_that_is_none_ends_the_start_too(monkeypatch, capsys):
    monkeypatch.setenv("TRADEPOST_PORT_HOST", "http")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    assert main(["run"]) == 1

    for number, previous in before.items():
        signal.signal(number, previous)
    assert "'http' is no port for the host" in capsys.readouterr().err


def test_parts_get_their_addresses_and_not_the_settings_of_the_supervisor(monkeypatch, tmp_path):
    monkeypatch.setenv("TRADEPOST_PORT_MAIL", "1")
    monkeypatch.setenv("TRADEPOST_POSTGRES_HOME", "/elsewhere")

    environment = environment_for(Ports(), var=tmp_path, database_url="postgresql://x/y")

    assert environment["TRADEPOST_HOST_URL"] == "http://127.0.0.1:8001"
    assert environment["TRADEPOST_SMTP"] == "127.0.0.1:8025"
    assert environment["DATABASE_URL"] == "postgresql://x/y"
    assert not [name for name in environment if name.startswith(("TRADEPOST_PORT_", "TRADEPOST_POSTGRES_"))]


def test_the_secret_key_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    first = environment_for(Ports(), var=tmp_path, database_url="")["TRADEPOST_SECRET_KEY_FILE"]
    key = (tmp_path / "secret-key").read_text()
    environment_for(Ports(), var=tmp_path, database_url="")

    assert first == str(tmp_path / "secret-key")
    assert (tmp_path / "secret-key").read_text() == key
    assert len(key.strip()) >= 32
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_each_service_is_a_program_of_its_own(tmp_path):
    parts = {part.name: part for part in programs(find_free_ports(), var=tmp_path, environment={})}

    assert parts["marketplace"].environment["TRADEPOST_SERVICE"] == "marketplace"
    assert parts["host service"].environment["TRADEPOST_SERVICE"] == "host"
    assert parts["worker"].environment["TRADEPOST_SERVICE"] == "all"
    assert "127.0.0.2" in " ".join(parts["sample app"].command)
