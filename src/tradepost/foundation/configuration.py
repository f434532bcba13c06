"""Every setting of this installation, read from the environment once, when the process starts.

Limits on what comes from outside stand here too, each with its unit, so that an operator sees them in one place.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

PREFIX = "TRADEPOST_"


class ConfigurationError(Exception):
    """A TRADEPOST_* variable is unknown or cannot be read; the message names it and says what is expected."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What strangers may send or take. Bytes, seconds and counts, as the names say."""

    document_bytes: int = 1_048_576
    connect_seconds: float = 3.0
    total_seconds: float = 10.0
    redirects: int = 3
    at_once_per_host: int = 4
    at_once: int = 32
    request_bytes: int = 2_097_152
    answer_excerpt_bytes: int = 4_096
    page_rows: int = 100
    checks_per_request: int = 500
    reports_per_request: int = 500


@dataclass(frozen=True, slots=True)
class Policy:
    """The product rules an operator may set; defaults are those of docs/rules.md and docs/reference/settings.md."""

    poll_interval: timedelta = timedelta(hours=5)
    check_interval: timedelta = timedelta(hours=24)
    reminder_interval: timedelta = timedelta(days=7)
    api_version_needs_consent: bool = True
    versions_per_day: int = 12
    failures_until_degraded: int = 3
    license_cache: timedelta = timedelta(minutes=5)
    license_stands: timedelta = timedelta(days=7)
    trial: timedelta = timedelta(days=30)
    edition_trial: timedelta = timedelta(days=30)
    trial_on_install: bool = True
    subscriptions_renew: bool = True
    expired_keeps_edition: bool = True
    new_customers_improved: bool = True
    editions_for_all: bool = False
    license_on_calls: bool = False
    lifecycle_on_switch: bool = False
    access_tokens_per_app: int = 50
    longest_crossing: timedelta = timedelta(hours=120)
    news_spread: timedelta = timedelta(minutes=2)
    deployments_per_day: int = 200
    bulk_upgrade_sites: int = 1800
    bulk_upgrades_at_once: int = 20


@dataclass(frozen=True, slots=True)
class Configuration:
    """One process's settings. `service` is marketplace, host or all (worker, tests)."""

    service: str = "all"
    development: bool = False
    sandbox: bool = False
    marketplace_url: str = "http://127.0.0.1:8000"
    host_url: str = "http://127.0.0.1:8001"
    smtp: str = "127.0.0.1:25"
    smtp_security: str = "none"
    smtp_user: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_from: str = "Tradepost <tradepost@localhost>"
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "testserver")
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    identity_issuers: tuple[str, ...] = ()
    var: Path = Path("var")
    tick_seconds: float = 1.0
    log_level: str = "INFO"
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)


def read_configuration(environment: Mapping[str, str]) -> Configuration:
    """Return the configuration named by the TRADEPOST_* variables.

    A secret may stand in a file named by `<NAME>_FILE`. Raises ConfigurationError for an unknown name, an unreadable
    value or a missing secret key outside development.
    """
    values: dict[str, object] = {}
    limits: dict[str, object] = {}
    policy: dict[str, object] = {}
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX) or name.startswith(IGNORED) or name in DESK:
            continue
        key = name.removeprefix(PREFIX).lower()
        if key.startswith("limit_"):
            limits[key.removeprefix("limit_")] = _number(name, text, Limits, key.removeprefix("limit_"))
        elif key.startswith("policy_"):
            policy[key.removeprefix("policy_")] = _policy_value(name, text, key.removeprefix("policy_"))
        elif key in {"secret_key_file", "smtp_password_file"}:
            value = _read_secret_file(name, text)
            values["secret_keys" if key == "secret_key_file" else "smtp_password"] = (
                tuple(value.split()) if key == "secret_key_file" else value
            )
        else:
            values[key] = _value(name, text, key)
    if "secret_keys" not in values and values.get("development"):
        values["secret_keys"] = (DEVELOPMENT_KEY,)
    if not values.get("secret_keys"):
        raise ConfigurationError(
            "TRADEPOST_SECRET_KEY_FILE must name a file with at least one secret key of 32 characters or more"
        )
    return Configuration(**values, limits=Limits(**limits), policy=Policy(**policy))  # type: ignore[arg-type]


# Read by the supervisor, the tests and the command line, not by a service.
IGNORED = (PREFIX + "PORT_", PREFIX + "POSTGRES_", PREFIX + "REAL_DESCRIPTORS", PREFIX + "TEST_", PREFIX + "TOKEN")
DESK = frozenset({PREFIX + "MARKETPLACE", PREFIX + "IDENTITY_TOKEN"})
"""Read by the command line, whole names: TRADEPOST_MARKETPLACE_URL is a setting."""

DEVELOPMENT_KEY = "development-only-key-that-protects-nothing-0000"


def _value(name: str, text: str, key: str) -> object:
    known = {f.name for f in fields(Configuration)} - {"limits", "policy", "secret_keys"}
    if key not in known:
        raise ConfigurationError(f"{name} is not a setting of Tradepost (see docs/reference/settings.md)")
    if key == "service" and text not in {"marketplace", "host", "all"}:
        raise ConfigurationError(f"{name} must be marketplace, host or all, not {text!r}")
    return READERS.get(key, lambda _name, text: text)(name, text)


def _networks(name: str, text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part) for part in _words(name, text))
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def _words(_name: str, text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _issuers(name: str, text: str) -> tuple[str, ...]:
    """Whether http on this machine will do depends on `development`, which is asked where they are used."""
    found = _words(name, text)
    for issuer in found:
        if not issuer.startswith(("https://", "http://127.", "http://[::1]", "http://localhost")):
            raise ConfigurationError(f"{name}: {issuer} is not an https address")
    return found


def _policy_value(name: str, text: str, key: str) -> object:
    """Intervals are given in hours, counts as whole numbers, switches as 0 or 1."""
    kinds = {f.name: f.default for f in fields(Policy)}
    if key not in kinds:
        raise ConfigurationError(f"{name} is not a setting of Tradepost (see docs/reference/settings.md)")
    default = kinds[key]
    if isinstance(default, bool):
        return _switch(name, text)
    if isinstance(default, timedelta):
        return timedelta(hours=_float(name, text))
    return int(_float(name, text))


def _number(name: str, text: str, kind: type, key: str) -> object:
    defaults = {f.name: f.default for f in fields(kind)}
    if key not in defaults:
        raise ConfigurationError(f"{name} is not a setting of Tradepost (see docs/reference/settings.md)")
    return type(defaults[key])(_float(name, text))


def _float(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a number, not {text!r}") from error
    if not 0 < number < 1e12:
        raise ConfigurationError(f"{name} must be greater than 0, not {text!r}")
    return number


def _switch(name: str, text: str) -> bool:
    if text not in {"0", "1"}:
        raise ConfigurationError(f"{name} must be 0 or 1, not {text!r}")
    return text == "1"


def _read_secret_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{name}: {path} cannot be read: {error.strerror}") from error


READERS: Mapping[str, Callable[[str, str], object]] = {
    "development": _switch,
    "sandbox": _switch,
    "allowed_networks": _networks,
    "allowed_hosts": _words,
    "identity_issuers": _issuers,
    "var": lambda _name, text: Path(text),
    "tick_seconds": _float,
    "marketplace_url": lambda _name, text: text.rstrip("/"),
    "host_url": lambda _name, text: text.rstrip("/"),
}

configuration = read_configuration(os.environ)
"""The settings of this process. Tests hand other values to the functions that take them."""
