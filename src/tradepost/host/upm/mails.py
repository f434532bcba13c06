"""What a site's administrators are told of an app that the site reads by its address."""

import hashlib
from datetime import datetime

from tradepost.foundation.configuration import configuration
from tradepost.foundation.fetching import Trouble
from tradepost.foundation.mail import send_later
from tradepost.host.installing.models import Installation
from tradepost.host.sites.queries import find_administrators

from .models import AddressListing

MOST_SHOWN = 20
STAY = "The site keeps running the version it has."


def tell_of_trouble(installation: Installation, address: AddressListing, trouble: Trouble, *, now: datetime) -> None:
    """Tell of a problem that is new; of the same one at most once a day, however often it comes and goes."""
    details = [f"- {p.pointer or 'the whole document'}: {p.text}" for p in trouble.problems[:MOST_SHOWN]]
    hours = f"{configuration.policy.poll_interval.total_seconds() / 3600:g}"
    parts = [
        f"{installation.site.name} reads the descriptor of {_name(installation)} at {address.url}. {trouble.text}",
        "\n".join(details),
        f"No version was made. {STAY} The address is asked again from time to time, at least every {hours} hours.",
        _link(installation),
    ]
    print_of = hashlib.sha256(repr((trouble.kind, trouble.text, trouble.problems)).encode()).hexdigest()[:16]
    _tell(
        installation,
        subject=f"{_name(installation)}: its descriptor cannot be taken",
        text="\n\n".join(part for part in parts if part),
        about=f"problem-{print_of}-{now:%Y-%m-%d}",
        now=now,
    )


def tell_of_hold(installation: Installation, address: AddressListing, *, now: datetime) -> None:
    """Tell that no version is made until somebody asks for the address."""
    _tell(
        installation,
        subject=f"{_name(installation)}: held, because it changes too often",
        text=f"{address.held_reason}\n\n{STAY}\n\n{_link(installation)}",
        about=f"held-{now:%Y-%m-%dT%H:%M:%S}",
        now=now,
    )


def _tell(installation: Installation, *, subject: str, text: str, about: str, now: datetime) -> None:
    for person in find_administrators([installation.site_id]):
        send_later(
            service="host",
            to=person.email,
            subject=subject,
            text=text,
            dedupe_key=f"address-{installation.pk}-{about}-{person.user_id}",
            now=now,
        )


def _name(installation: Installation) -> str:
    newest = installation.newest or installation.running
    return newest.name if newest else installation.app_key


def _link(installation: Installation) -> str:
    return f"{installation.site.base_url}/apps/{installation.app_key}/"
