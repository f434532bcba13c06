"""Counting what one person or address does within a while, in this process."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from tradepost.core.errors import LimitError


class Throttle:
    """Counts events per key within a window of machine time, for a bounded number of keys."""

    def __init__(self, *, most: int, window: timedelta, keys: int = 10_000) -> None:
        self._most, self._window, self._keys = most, window, keys
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, key: str, *, now: datetime) -> None:
        """Raises LimitError where the key has used up its share."""
        with self._lock:
            times = self._seen.get(key)
            while times and now - times[0] > self._window:
                times.popleft()
            if times and len(times) >= self._most:
                raise LimitError("Too many attempts; try again in some minutes.")

    def count(self, key: str, *, now: datetime) -> None:
        """Count one event."""
        with self._lock:
            self._seen.setdefault(key, deque(maxlen=self._most)).append(now)
            self._seen.move_to_end(key)
            while len(self._seen) > self._keys:
                self._seen.popitem(last=False)

    def forget(self) -> None:
        """Start anew."""
        with self._lock:
            self._seen.clear()
