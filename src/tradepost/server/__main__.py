"""`python -m tradepost.server run | web | worker | seed | demo`; the rest goes to Django (`migrate`)."""

import argparse
import importlib
import os
import signal
import sys
from types import FrameType

BLOCKING_THREADS = 4  # for each web program: its pages wait for the database, not for a processor
# Whoever switches the web server's access log on (GRANIAN_LOG_ACCESS_ENABLED) gets addresses without their queries: an
# installation link carries an access token there. Said as an option, so that no variable can say otherwise.
ACCESS_LOG = '%(time)s %(addr)s "%(method)s %(path)s %(protocol)s" %(status)d %(dt_ms).1f ms'
# Modules of this package that stand behind a command of the same name, as `main(arguments) -> int | None`.
COMMANDS = ("seed", "worker", "demo")


def main(arguments: list[str]) -> int:
    """Do what the first argument says and return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.server.settings")
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    if command == "run":
        return run(rest)
    if command == "web":
        return web(rest)
    if command in COMMANDS:
        return importlib.import_module(f"tradepost.server.{command}").main(rest) or 0
    from django.core.management import execute_from_command_line

    execute_from_command_line(["python -m tradepost.server", *arguments])
    return 0


def run(arguments: list[str]) -> int:
    """Run the whole house until Ctrl-C or SIGTERM."""
    from tradepost.server.house import lasting_house, say, summary
    from tradepost.server.places import NoPostgresError
    from tradepost.server.ports import PortTakenError, find_free_ports, ports_from
    from tradepost.server.supervisor import PartFailedError

    parser = argparse.ArgumentParser(prog="python -m tradepost.server run", description=run.__doc__)
    parser.add_argument("--port-base", type=int, help="move all ports together; 8000 is the default")
    parser.add_argument("--free-ports", action="store_true", help="take any ports that are free")
    asked = parser.parse_args(arguments)
    _turn_signals_into_interrupts()
    try:
        ports = find_free_ports() if asked.free_ports else ports_from(os.environ, base=asked.port_base)
        with lasting_house(ports=ports, tell=say) as (supervisor, house):
            print(summary(house), flush=True)  # noqa: T201
            supervisor.watch()
    except KeyboardInterrupt:
        say("Stopped.")
        return 0
    except (PortTakenError, PartFailedError, NoPostgresError, ValueError) as error:
        say(str(error))
        return 1
    return 0


def web(arguments: list[str]) -> int:
    """Become the web server of one service."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.server web", description=web.__doc__)
    parser.add_argument("service", choices=["marketplace", "host", "all"])
    parser.add_argument("--listen", default="127.0.0.1:8000", help="host:port")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args(arguments)
    host, _, port = asked.listen.rpartition(":")
    os.environ["TRADEPOST_SERVICE"] = asked.service
    options = ["--interface", "wsgi", "--host", host, "--port", port, "--workers", str(asked.workers)]
    # A web program that dies is started again by the supervisor, which counts; so no respawning here.
    options += ["--blocking-threads", str(BLOCKING_THREADS), "--no-ws", "--access-log-fmt", ACCESS_LOG]
    command = [sys.executable, "-m", "granian", *options, "tradepost.server.wsgi:application"]
    os.execv(sys.executable, command)  # noqa: S606  so that signals reach the web server itself


def _turn_signals_into_interrupts() -> None:
    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # A second one must not cut the stopping short: that would leave parts running.
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
