"""One event loop in one thread, for callers that have none."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any, TypeVar

from tradepost.foundation.outgoing.messages import OutgoingError, OutgoingProblem

Result = TypeVar("Result")

RESOLVING_AT_ONCE = 32
"""Name look-ups block a thread each; a few slow name servers must not hold up everybody."""


class LoopThread:
    """Starts with the first coroutine, and anew after a stop or in a forked process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._running: tuple[int, asyncio.AbstractEventLoop, threading.Thread] | None = None

    def run(self, coroutine: Coroutine[Any, Any, Result], *, seconds: float | None) -> Result:
        """The coroutine's result. Raises what it raises; OutgoingError when the loop stops or is stuck."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop())
        try:
            return future.result(seconds)
        except CancelledError:
            text = "The request was given up because this process is stopping."
            raise OutgoingError(OutgoingProblem.CONNECTION_LOST, text) from None
        except TimeoutError:
            text = f"No answer came within {seconds} seconds; this process is overloaded."
            raise OutgoingError(OutgoingProblem.TOO_SLOW, text) from None
        finally:
            future.cancel()

    def stop(self) -> None:
        """End what is under way and wait for the thread."""
        with self._lock:
            running, self._running = self._running, None
        if running is None or running[0] != os.getpid():
            return
        _, loop, thread = running
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._running is None or self._running[0] != os.getpid():
                self._running = self._start()
            return self._running[1]

    def _start(self) -> tuple[int, asyncio.AbstractEventLoop, threading.Thread]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_serve, args=(loop,), name=self._name, daemon=True)
        thread.start()
        return os.getpid(), loop, thread


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(RESOLVING_AT_ONCE, thread_name_prefix="resolving")
    loop.set_default_executor(executor)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        executor.shutdown(wait=False, cancel_futures=True)
        loop.close()
