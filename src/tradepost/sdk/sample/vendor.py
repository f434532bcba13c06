"""What the vendor holds: the descriptor, how the service behaves, and what was received."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from tradepost.sdk.sample.descriptor import MOVED_PATH, Document, changed
from tradepost.sdk.sample.told import Channel, Memory, Told
from tradepost.sdk.tenants import FileTenants, MemoryTenants, Tenants, write_whole
from tradepost.sdk.tokens import base_path_of

MAX_RECEIVED = 2_000
"""Lifecycle calls that are remembered; the oldest go first."""


class DescriptorMode(StrEnum):
    """How the descriptor's address behaves."""

    OK = "ok"
    BROKEN = "broken"
    DOWN = "down"
    SLOW = "slow"
    HUGE = "huge"


class InstalledMode(StrEnum):
    """How ``installed`` is answered. ``hang`` and ``die`` store the tenant first: the worst moment to fail."""

    OK = "ok"
    ERROR = "500"
    HANG = "hang"
    DIE = "die"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``code`` is the release of the service; it changes without the descriptor."""

    descriptor: DescriptorMode = DescriptorMode.OK
    installed: InstalledMode = InstalledMode.OK
    code: str = "1"

    def with_changes(self, wishes: Document) -> "Behaviour":
        """The behaviour after some of its parts were set. Raises ValueError for what there is not."""
        unknown = wishes.keys() - {"descriptor", "installed", "code"}
        if unknown:
            raise ValueError(f"There is no behaviour of {', '.join(sorted(unknown))}.")
        return Behaviour(
            DescriptorMode(wishes.get("descriptor", self.descriptor)),
            InstalledMode(str(wishes.get("installed", self.installed))),
            str(wishes.get("code", self.code))[:100],
        )


@dataclass(frozen=True, slots=True)
class Served:
    """The descriptor as it goes over the wire."""

    body: bytes
    etag: str
    last_modified: str


class Vendor:
    """The state of the sample app; kept in ``folder`` when there is one. ``now`` reads the clock."""

    def __init__(self, descriptor: Document, *, now: Callable[[], datetime], folder: Path | None) -> None:
        self.now = now
        self.descriptor = descriptor
        # A changed key in the descriptor is a mistake the watcher has to find; the app stays the same app.
        self.app_key = str(descriptor["key"])
        self.home_url = str(descriptor["baseUrl"])
        self.changed_at = now().replace(microsecond=0)
        self.behaviour = Behaviour()
        self.received: list[Document] = []
        self.told = Memory()
        self.tenants: Tenants = FileTenants(folder / "tenants.json") if folder else MemoryTenants()
        self._file = folder / "state.json" if folder else None
        self._restore()

    def base_url_at(self, path: str) -> str:
        """The base URL a call went to: sites that have not upgraded yet keep calling the old one."""
        moved = self.home_url + MOVED_PATH
        return moved if path.startswith(base_path_of(moved) + "/") else self.home_url

    def served(self) -> Served:
        body = json.dumps(self.descriptor, indent=2, ensure_ascii=False).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        return Served(body, etag, format_datetime(self.changed_at, usegmt=True))

    def replace_descriptor(self, document: Document) -> None:
        if document != self.descriptor:
            self.changed_at = self.now().replace(microsecond=0)
        self.descriptor = document
        self._keep()

    def change(self, do: str, arguments: Document) -> None:
        """Raises UnknownChangeError."""
        self.replace_descriptor(changed(self.descriptor, do, arguments))

    def behave(self, wishes: Document) -> None:
        """Raises ValueError."""
        self.behaviour = self.behaviour.with_changes(wishes)
        self._keep()

    def remember(self, call: Document) -> None:
        self.received = [*self.received, call][-MAX_RECEIVED:]
        self._keep()

    def note(self, client_key: str, channel: Channel, told: Told) -> None:
        """Remember what a channel said of a site's license."""
        self.told.note(client_key, channel, told)
        self._keep()

    def forget_received(self) -> None:
        self.received = []
        self._keep()

    def set_enabled(self, client_key: str, *, enabled: bool) -> None:
        tenant = self.tenants.find(client_key)
        if tenant is not None:
            self.tenants.put(replace(tenant, enabled=enabled))

    def _keep(self) -> None:
        if self._file is None:
            return
        state = {
            "descriptor": self.descriptor,
            "changed_at": self.changed_at.isoformat(),
            "behaviour": asdict(self.behaviour),
            "received": self.received,
            "told": self.told.kept(),
        }
        write_whole(self._file, json.dumps(state, ensure_ascii=False))

    def _restore(self) -> None:
        if self._file is None or not self._file.exists():
            return
        state: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
        self.descriptor = state["descriptor"]
        self.changed_at = datetime.fromisoformat(state["changed_at"])
        self.behaviour = self.behaviour.with_changes(state["behaviour"])
        self.received = state["received"]
        self.told = Memory(state.get("told"))
