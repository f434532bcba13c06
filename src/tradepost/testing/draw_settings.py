"""Draws docs/reference/settings.md from the dataclasses in foundation/configuration.py."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, fields
from datetime import timedelta

from tradepost.foundation.configuration import PREFIX, Configuration, Limits, Policy

HEAD = """# Settings

Drawn from `src/tradepost/foundation/configuration.py` by `python -m tradepost.testing.draw`; a test fails when this
page is out of date. Every setting is an environment variable that a process reads once, when it starts. A
`TRADEPOST_` name that is not on this page is an error, so a typing mistake does not pass unnoticed. Numbers must be
greater than 0.

Who reads what: `make run` and the supervisor set these by themselves for development. In production you set them: see
[run in production](../howto/operator-production.md).
"""

OURS: Mapping[str, tuple[str, str]] = {
    "service": (
        "`marketplace`, `host` or `all`",
        "Which service this process is. `all` is for the worker and for tests; web servers are one of the two.",
    ),
    "development": (
        "`0` or `1`",
        (
            "`1` for a developer's machine: descriptors over plain http, on any port and on loopback, cookies without "
            "https, and a built-in secret key that protects nothing. Never in production."
        ),
    ),
    "sandbox": (
        "`0` or `1`",
        (
            "`1` lets an operator move [domain time](../glossary.md#domain-time) forward. `make run` sets it. "
            "Never where real customers are."
        ),
    ),
    "marketplace_url": (
        "address",
        "Where people and host services reach the marketplace. Stands in mails; its host name is an allowed host.",
    ),
    "host_url": (
        "address",
        "Where people and apps reach the host service. The public keys that apps verify signatures with are below it.",
    ),
    "smtp": ("host:port", "The mail server that takes our mail."),
    "smtp_security": ("`none`, `starttls` or `tls`", "How the connection to the mail server is protected."),
    "smtp_user": ("text", "The name to sign in with at the mail server; empty for no sign-in."),
    "smtp_password": (
        "text",
        "The password for it. Better in a file, named by `TRADEPOST_SMTP_PASSWORD_FILE`.",
    ),
    "mail_from": ("name and e-mail address", "The sender of every mail."),
    "secret_keys": (
        "path of a file",
        (
            "The secret keys, 32 characters or more each, separated by white space. The first signs sessions and "
            "encrypts stored secrets, all of them decrypt: see [rotate keys](../howto/operator-rotate-keys.md). "
            "Required outside development."
        ),
    ),
    "allowed_hosts": (
        "names, separated by commas",
        "Host names a request may be for, besides those of the two addresses above. Sites with host names go here.",
    ),
    "allowed_networks": (
        "networks, separated by commas",
        (
            "Private or special networks that may be called although strangers name them, such as `10.1.0.0/16` for "
            "apps of your own company. A metadata address is only opened by a network that holds nothing else."
        ),
    ),
    "identity_issuers": (
        "https addresses, separated by commas",
        (
            "Whose identity tokens builds may exchange for a deploy token that lives for minutes, such as the issuer "
            "of your build service. Each vendor then says which builds of it may deploy which app."
        ),
    ),
    "var": (
        "path of a folder",
        "Where logs, front-end files and, unless we run as root, our own database are kept.",
    ),
    "tick_seconds": ("number of seconds", "How often a worker asks whether something is due."),
    "log_level": ("`DEBUG`, `INFO`, `WARNING` or `ERROR`", "How much the log on standard error tells."),
}
"""Kind and meaning of each field of Configuration. A test fails for a field without an entry."""

LIMITS: Mapping[str, tuple[str, str]] = {
    "document_bytes": ("bytes", "The largest descriptor that is read; larger ones cannot be listed."),
    "connect_seconds": ("seconds", "How long a connection to an app or a vendor may take to be made."),
    "total_seconds": ("seconds", "How long a whole call may take, from the first byte to the last."),
    "redirects": ("count", "Redirects that a poll follows, on the same origin only. Lifecycle calls follow none."),
    "at_once_per_host": ("count", "Calls at the same time to one vendor's host."),
    "at_once": ("count", "Calls at the same time altogether, for one batch of work."),
    "request_bytes": ("bytes", "The largest body of a request to us."),
    "answer_excerpt_bytes": ("bytes", "How much of an app's answer is kept, so that a failure can be explained."),
    "page_rows": ("count", "The most rows in one page of a list."),
    "checks_per_request": ("count", "Sites in one check that a host service sends."),
    "reports_per_request": ("count", "Reports in one message that a host service sends."),
}
"""Unit and meaning of each field of Limits. Also shown in limits.md."""

POLICY: Mapping[str, tuple[str, str]] = {
    "poll_interval": ("hours", "The longest time from one poll of a descriptor to the next."),
    "check_interval": ("hours", "The longest time from one check of a site to the next."),
    "reminder_interval": ("hours", "How often an administrator is reminded of an update that waits for them."),
    "api_version_needs_consent": (
        "`0` or `1`",
        "Whether a higher `apiVersion` alone has to be approved by an administrator.",
    ),
    "versions_per_day": (
        "count",
        "Versions an app may make within 24 hours; one more holds the listing until its vendor or an operator looks.",
    ),
    "failures_until_degraded": ("count", "Failed polls in a row until an app is shown as degraded."),
    "license_cache": ("hours", "How long a host keeps what the marketplace said about a license before asking again."),
    "license_stands": (
        "hours",
        "How long the last decision about a license stands while the marketplace does not answer; then it is inactive.",
    ),
    "trial": ("hours", "How long a trial of an app lasts."),
    "edition_trial": ("hours", "How long a trial of a higher edition lasts; then the site falls back to Standard."),
    "trial_on_install": ("`0` or `1`", "Whether installing a paid app begins a trial by itself."),
    "subscriptions_renew": (
        "`0` or `1`",
        "Whether a paid license goes on at the end of its period; with `0` it expires unless a payment came.",
    ),
    "expired_keeps_edition": ("`0` or `1`", "Whether apps are told the last edition of a license that is over."),
    "new_customers_improved": (
        "`0` or `1`",
        "Whether new customers are on improved billing, where there are editions, or on original billing.",
    ),
    "editions_for_all": (
        "`0` or `1`",
        "Whether every vendor may offer editions, or only those to whom an operator opened them early.",
    ),
    "license_on_calls": (
        "`0` or `1`",
        "Whether the addresses of webhooks and lifecycle calls carry `lic` and `capSet` too.",
    ),
    "longest_crossing": (
        "hours",
        "How long it takes at most until a watched app that became a deployed one has reached every site by itself.",
    ),
    "news_spread": ("hours", "Over how long the checks of sites are spread that hear of a new minor version."),
    "deployments_per_day": ("count", "Deployments of one app to one environment within 24 hours."),
    "bulk_upgrade_sites": ("count", "Sites that one rollout that a vendor starts may take."),
    "bulk_upgrades_at_once": ("count", "Rollouts started by vendors that run at the same time, of all of them."),
    "lifecycle_on_switch": (
        "`0` or `1`",
        "Whether an app is called with `installed` again when a site's edition changes.",
    ),
    "access_tokens_per_app": ("count", "Access tokens that an app may have at once; removed ones do not count."),
}
"""Unit and meaning of each field of Policy."""

OUTSIDE: Mapping[str, str] = {
    "DATABASE_URL": "`postgresql://user:password@host:port/name`. Without it `make run` and `make test` start a "
    "PostgreSQL of their own; a service by itself takes `postgresql:///tradepost`.",
    "TRADEPOST_SMTP_PASSWORD_FILE": "The path of a file that holds the password for the mail server.",
    "TRADEPOST_POSTGRES_HOME": "Where root keeps our own databases; `/var/lib/tradepost` otherwise. "
    "Read by `make run`, not by a service.",
    "TRADEPOST_PORT_MARKETPLACE": "The port of the marketplace under `make run`. "
    "Likewise `_HOST`, `_SAMPLE`, `_SMTP` and `_MAIL`.",
    "TRADEPOST_TOKEN": "An API token for the commands about sites and apps. Better in a file, named by "
    "`TRADEPOST_TOKEN_FILE`. Read by `tradepost`, not by a service.",
    "TRADEPOST_MARKETPLACE": "The marketplace that the commands of vendors talk to. Read by `tradepost`.",
    "TRADEPOST_IDENTITY_TOKEN": "A build's identity token, which `tradepost` exchanges for a deploy token of minutes.",
    "TRADEPOST_REAL_DESCRIPTORS": "A folder with real descriptors and their histories, for tests; "
    "without it they are skipped.",
}
"""Names that are read beside the dataclasses."""


def draw() -> str:
    """Return the page. Raises KeyError for a setting that nobody has given a meaning."""
    return "\n".join(
        [
            HEAD,
            *_table("The process", (_our_row(field) for field in _own_fields())),
            *_table("Limits on what strangers send and take", (_row(f, "limit_", LIMITS) for f in fields(Limits))),
            "More limits, which are not settings, stand in [limits](limits.md).\n",
            *_table("The rules an operator may set", (_row(f, "policy_", POLICY) for f in fields(Policy))),
            "## Beside these\n",
            "| name | meaning |",
            "|---|---|",
            *(f"| `{name}` | {text} |" for name, text in OUTSIDE.items()),
            "",
        ]
    )


def find_gaps() -> list[str]:
    """Return fields without a meaning and meanings without a field, for the test's message."""
    pairs = [
        ({field.name for field in _own_fields()}, set(OURS)),
        ({field.name for field in fields(Limits)}, set(LIMITS)),
        ({field.name for field in fields(Policy)}, set(POLICY)),
    ]
    return sorted(name for known, explained in pairs for name in known ^ explained)


def variable(name: str) -> str:
    """Return the environment variable of a field of Configuration."""
    return PREFIX + ("SECRET_KEY_FILE" if name == "secret_keys" else name.upper())


def _own_fields() -> list["Field[object]"]:
    return [field for field in fields(Configuration) if field.name not in {"limits", "policy"}]


def _our_row(field: "Field[object]") -> str:
    kind, text = OURS[field.name]
    return _cells(variable(field.name), kind, shown(field.default), text)


def _row(field: "Field[object]", group: str, meanings: Mapping[str, tuple[str, str]]) -> str:
    unit, text = meanings[field.name]
    is_switch = isinstance(field.default, bool)
    kind = unit if is_switch else f"number of {unit}" if unit != "count" else "whole number"
    return _cells(PREFIX + (group + field.name).upper(), kind, shown(field.default, "" if is_switch else unit), text)


def shown(value: object, unit: str = "") -> str:
    """Return a default as one would write it into the environment."""
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, timedelta):
        return f"`{value / timedelta(hours=1):g}`"
    if isinstance(value, int | float):
        text = f"{value:g}" if isinstance(value, float) else f"{value}"
        return f"`{text}`" + (f" ({_grouped(value)})" if unit == "bytes" else "")
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`" if value else "none"
    return f"`{value}`" if str(value) else "none"


def _grouped(value: float) -> str:
    mebibyte, kibibyte = 1024 * 1024, 1024
    return f"{value / mebibyte:g} MiB" if value >= mebibyte else f"{value / kibibyte:g} KiB"


def _cells(name: str, kind: str, default: str, text: str) -> str:
    return f"| `{name}` | {kind} | {default} | {re.sub(r'[|]', '&#124;', text)} |"


def _table(title: str, rows: Iterable[str]) -> list[str]:
    return [f"## {title}\n", "| name | what | default | meaning |", "|---|---|---|---|", *rows, ""]
