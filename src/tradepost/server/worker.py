"""The worker: runs the background work of one service, or of both, until it is told to stop.

Procrastinate hands out jobs (and hears of new ones by LISTEN/NOTIFY at once); the tick beside it asks every second
what has become due.
"""

import argparse
import asyncio
import contextlib
import logging
import os

log = logging.getLogger("tradepost.worker")

CONCURRENCY = 4
"""Jobs at once. They mostly wait for databases and strangers, in threads."""

STOP_WITHIN = 20.0
"""Seconds that running jobs get to end; what is cut off is taken up by the next worker."""

ALL = ("marketplace", "host")


def main(arguments: list[str]) -> int:
    """`python -m tradepost.server worker [marketplace|host|all]`."""
    parser = argparse.ArgumentParser(prog="python -m tradepost.server worker", description=main.__doc__)
    parser.add_argument("service", nargs="?", choices=[*ALL, "all"])
    asked = parser.parse_args(arguments)
    service = asked.service or os.environ.get("TRADEPOST_SERVICE", "all")
    os.environ["TRADEPOST_SERVICE"] = service
    import django

    django.setup()
    run_worker(service)
    return 0


def run_worker(service: str) -> None:
    """Work until SIGTERM or SIGINT; then let running jobs end and return."""
    asyncio.run(_work(service))


async def _work(service: str) -> None:
    from procrastinate.contrib.django import app

    queues = list(ALL) if service == "all" else [service]
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        ticking = asyncio.create_task(_tick(service), name="tick")
        try:
            await worker.run_worker_async(
                name=f"tradepost-{service}",
                queues=queues,
                concurrency=CONCURRENCY,
                shutdown_graceful_timeout=STOP_WITHIN,
                fetch_job_polling_interval=5.0,
                install_signal_handlers=True,
            )
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking


async def _tick(service: str) -> None:
    """Ask what is due, again and again. A tick that fails is logged; the next may find the database back."""
    from tradepost.foundation.configuration import configuration

    while True:
        try:
            await asyncio.to_thread(_tick_once, service)
        except Exception:  # the outermost loop
            log.exception("a tick failed; the next one tries again")
        await asyncio.sleep(configuration.tick_seconds)


def _tick_once(service: str) -> None:
    from django.db import close_old_connections, connection

    from tradepost.foundation import jobs

    close_old_connections()
    try:
        jobs.tick(service=service)
    finally:
        connection.close()
