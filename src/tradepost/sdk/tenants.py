"""The sites an app is installed on, remembered by the app."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Tenant:
    """One site as it introduced itself. ``client_key`` names it for ever; the rest may change with each call."""

    client_key: str
    shared_secret: str = field(repr=False)
    base_url: str
    product_type: str = ""
    enabled: bool = False


class Tenants(Protocol):
    """Where an app keeps its tenants."""

    def find(self, client_key: str) -> Tenant | None:
        """The tenant, or None when it never installed the app or has uninstalled it."""
        ...

    def put(self, tenant: Tenant) -> None:
        """Remember a tenant in place of what was known under its client key."""
        ...

    def remove(self, client_key: str) -> None:
        """Forget a tenant; nothing happens when it is not known."""
        ...

    def all(self) -> tuple[Tenant, ...]:
        """Every tenant, in the order of client keys."""
        ...


class MemoryTenants:
    """Forgets everything when the process ends."""

    def __init__(self, tenants: Mapping[str, Tenant] | None = None) -> None:
        self._tenants = dict(tenants or {})

    def find(self, client_key: str) -> Tenant | None:
        return self._tenants.get(client_key)

    def put(self, tenant: Tenant) -> None:
        self._tenants[tenant.client_key] = tenant

    def remove(self, client_key: str) -> None:
        self._tenants.pop(client_key, None)

    def all(self) -> tuple[Tenant, ...]:
        return tuple(self._tenants[key] for key in sorted(self._tenants))


class FileTenants(MemoryTenants):
    """Keeps the tenants in one JSON file, which holds their secrets and is readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        stored = json.loads(path.read_text("utf-8")) if path.exists() else []
        super().__init__({entry["client_key"]: Tenant(**entry) for entry in stored})

    def put(self, tenant: Tenant) -> None:
        super().put(tenant)
        self._write()

    def remove(self, client_key: str) -> None:
        super().remove(client_key)
        self._write()

    def _write(self) -> None:
        write_whole(self._path, json.dumps([asdict(tenant) for tenant in self.all()], indent=1))


def write_whole(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, meets the old text or the new one; owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
