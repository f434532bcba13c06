"""Weeks of Tradepost in minutes: `python -m tradepost.testing.simulation --seed 7 --sites 200 --days 60`.

Production commands and jobs on a real, fresh database; only what is outside (vendors, apps, people) is simulated.
The same seed gives the same trace, whose hash is printed at the end. Exit status: 0, or 1 where an invariant broke.
"""

import argparse
import os
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .world import World

SETTINGS = {
    "TRADEPOST_SERVICE": "all",
    "TRADEPOST_DEVELOPMENT": "1",
    "TRADEPOST_SANDBOX": "1",
    "TRADEPOST_LOG_LEVEL": "ERROR",
    "TRADEPOST_MARKETPLACE_URL": "http://127.0.0.1:8000",
    "TRADEPOST_HOST_URL": "http://127.0.0.1:8001",
    "DJANGO_SETTINGS_MODULE": "tradepost.server.settings",
}


def main(arguments: list[str]) -> int:
    """Read the arguments, play, and tell what came of it."""
    asked = _read(arguments)
    with ExitStack() as stack:
        _prepare(stack)
        from .once_a_run import collect_seldom
        from .world import Plan, World

        collect_seldom()
        grain = timedelta(minutes=asked.grain)
        world = World(Plan(seed=asked.seed, sites=asked.sites, days=asked.days, grain=grain))
        began = time.perf_counter()
        _play(world)
        seconds = time.perf_counter() - began
        if asked.trace:
            asked.trace.write_text("\n".join([*world.trace.lines, ""]), encoding="utf-8")
        _tell(world, seconds)
    return 1 if world.violations else 0


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tradepost.testing.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="same seed, same trace (7)")
    parser.add_argument("--sites", type=int, default=200, help="how many sites (200)")
    parser.add_argument("--days", type=int, default=60, help="how many simulated days (60)")
    parser.add_argument("--grain", type=float, default=5, help="minutes that due work may lie, at most 5 (5)")
    parser.add_argument("--trace", type=Path, help="write the whole trace to this file")
    return parser.parse_args(arguments)


def _prepare(stack: ExitStack) -> None:
    """A fresh database, and settings of a sandbox whatever the shell says."""
    from tradepost.server.databases import fresh_database

    for name in [name for name in os.environ if name.startswith("TRADEPOST_")]:
        if not name.startswith("TRADEPOST_POSTGRES_"):
            del os.environ[name]
    os.environ.update(SETTINGS)
    os.environ["DATABASE_URL"] = stack.enter_context(fresh_database("simulation"))
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    stack.callback(connections.close_all)
    call_command("migrate", verbosity=0)


def _play(world: "World") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    screen = Console(stderr=True)
    columns = (
        TextColumn("day {task.completed} of {task.total}"),
        BarColumn(),
        TextColumn("{task.fields[steps]} steps · {task.fields[calls]} calls · {task.fields[broken]} broken"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("days", total=world.plan.days, steps=0, calls=0, broken=0)

        told = 0

        def on_day(world: "World") -> None:
            """Say at once what broke: a long run may be cut off before its summary."""
            nonlocal told
            for text in world.violations[told:]:
                screen.print(f"BROKEN {text}", markup=False, highlight=False, soft_wrap=True)
            told = len(world.violations)
            calls = sum(world.streets.counts.values())
            progress.update(task, advance=1, steps=world.steps, calls=calls, broken=told)

        world.play(on_day=on_day)


def _tell(world: "World", seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    from .summary import summary_rows

    paper = Console(highlight=False, soft_wrap=True)
    title = f"seed {world.plan.seed}: {world.plan.sites} sites, {world.plan.days} days, {seconds:.0f} s"
    for name, rows in summary_rows(world).items():
        table = Table(title=f"{title}: {name}", show_header=False, title_justify="left")
        for row in rows:
            table.add_row(*row)
        paper.print(table)
    for text in world.violations[:50]:
        paper.print(f"BROKEN {text}", markup=False)
    paper.print(f"{len(world.violations)} breaches; trace of {len(world.trace.lines)} lines: {world.trace.digest}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
