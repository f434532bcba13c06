"""Tokens that `tradepost login` keeps, in a file that its owner alone may read: one for each marketplace."""

import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

_FILE = "credentials.json"
_MOST_BYTES = 1_000_000
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class CredentialsError(Exception):
    """The file cannot be read or written, or others may read it; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A token for one marketplace, and what the marketplace said whose it is."""

    token: str = field(repr=False)
    who: str = ""
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """All of them, by address; `current` is where one signed in last."""

    current: str = ""
    marketplaces: Mapping[str, Kept] = field(default_factory=dict)

    def with_one(self, url: str, kept: Kept) -> "Credentials":
        """As these, with one more or another token, and that marketplace the current one."""
        return Credentials(url, {**self.marketplaces, url: kept})

    def without(self, url: str) -> "Credentials":
        """As these, without one; the marketplace that is then current is any other one."""
        left = {at: kept for at, kept in self.marketplaces.items() if at != url}
        return replace(self, current=self.current if self.current in left else next(iter(left), ""), marketplaces=left)


def credentials_file(environment: Mapping[str, str]) -> Path:
    """Where they are kept: in the folder for settings of programs (XDG), or in `~/.config`."""
    named = environment.get("XDG_CONFIG_HOME", "")
    base = Path(named) if named and Path(named).is_absolute() else Path.home() / ".config"
    return base / "tradepost" / _FILE


def read_credentials(place: Path) -> Credentials:
    """What is kept; nothing where there is no file. Raises CredentialsError."""
    try:
        with place.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _OTHERS:
                raise CredentialsError(f"others may read the tokens in {place}: say chmod 600 {place}")
            raw = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return Credentials()
    except OSError as error:
        raise CredentialsError(f"cannot read {place}: {error.strerror or error}") from error
    try:
        return _credentials(json.loads(raw))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CredentialsError(f"{place} is damaged: remove it, and say tradepost login") from error


def write_credentials(place: Path, credentials: Credentials) -> None:
    """Keep them, all or nothing, readable for nobody else. Raises CredentialsError."""
    value = {
        "current": credentials.current,
        "marketplaces": {
            url: {"token": kept.token, "who": kept.who, "allow_http": kept.allow_http}
            for url, kept in credentials.marketplaces.items()
        },
    }
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.parent.chmod(0o700)
        # mkstemp makes the file for its owner alone before anything stands in it.
        number, name = tempfile.mkstemp(prefix=_FILE, dir=place.parent)
        try:
            with os.fdopen(number, "w", encoding="utf-8") as file:
                json.dump(value, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(place)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise CredentialsError(f"cannot write {place}: {error.strerror or error}") from error


def _credentials(value: Any) -> Credentials:
    kept = {str(url): _kept(each) for url, each in value["marketplaces"].items()}
    return Credentials(str(value["current"]), kept)


def _kept(value: Mapping[str, Any]) -> Kept:
    return Kept(str(value["token"]), str(value.get("who", "")), value.get("allow_http") is True)
