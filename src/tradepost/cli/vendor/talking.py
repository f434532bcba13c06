"""Talking to the marketplace on behalf of a command, and how commands end where that goes wrong."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote
from uuid import UUID

import typer

from tradepost.cli.ending import VendorStatus, end
from tradepost.cli.vendor.access import (
    Access,
    NoAccessError,
    exchange,
    find_access,
    find_marketplace,
    identity_of_environment,
)
from tradepost.cli.vendor.failures import BadTokenError, NoAnswerError, RefusedError
from tradepost.cli.vendor.manifests import app_id_in
from tradepost.cli.vendor.options import Wanted

if TYPE_CHECKING:
    from tradepost.cli.vendor.calling import Marketplace

MAJOR_RULE = "deployment.major"
_NEXT = {
    MAJOR_RULE: "If that is what you want, say it again with --approve-major.",
    "app.id_taken": "Remove app.id from the manifest and register again: a new one is drawn.",
    "deployment.key_taken": "Give the app another app.connect.key.",
    "deployment.app_id": "Deploy from the folder of that app, or mend app.id.",
    "deployment.backport_major": "Deploy it without --major-version, or leave out what makes it a major.",
    "rollout.running": "Look at it with tradepost rollout status, or stop it with tradepost rollout cancel.",
    "rollout.rights": "Sites get this version when their administrators consent.",
    "rollout.too_many": "Try again in half an hour.",
}
_NEXT_AT = {"/vendor": "Say whose app it is with --vendor NAME."}


@dataclass(frozen=True, slots=True)
class Desk:
    """A marketplace and one app there, as the marketplace describes it."""

    market: "Marketplace"
    app: Mapping[str, Any]

    def path(self, part: str = "") -> str:
        """The address of something of the app."""
        return f"/deployed-apps/{segment(str(self.app['id']))}{part}"


@contextmanager
def talking(*, as_json: bool, source: str = "", advice: str = "") -> Iterator[None]:
    """End the command with a message and its own status where talking to the marketplace fails.

    `source` says where the token is from, and `advice` what to do where it is refused.
    """
    try:
        yield
    except (NoAccessError, BadTokenError) as error:
        end(VendorStatus.NOT_SIGNED_IN, str(error), cause=error)
    except NoAnswerError as error:
        end(VendorStatus.UNREACHABLE, str(error), cause=error)
    except RefusedError as error:
        _end_refused(error, as_json=as_json, source=source, advice=advice)
    except (
        LookupError,
        TypeError,
        AttributeError,
        ValueError,
    ) as error:  # an answer without what every marketplace says
        end(VendorStatus.UNREACHABLE, "what answers there is no marketplace that this command knows", cause=error)


@contextmanager
def at_marketplace(wanted: Wanted) -> Iterator["Marketplace"]:
    """Talk to a marketplace."""
    with talking(as_json=wanted.as_json):
        access = find_access(wanted.marketplace, allow_http=wanted.allow_http)
        with talking(as_json=wanted.as_json, source=access.source):
            yield access.open()


@contextmanager
def at_app(wanted: Wanted) -> Iterator[Desk]:
    """Talk to a marketplace about the app of the manifest, or the one that was named."""
    named = wanted.app or app_id_in(wanted.manifest)
    with talking(as_json=wanted.as_json):
        access = _access_to_app(wanted, named)
        with talking(as_json=wanted.as_json, source=access.source):
            market = access.open()
            yield Desk(market, find_app(market, named))


def find_app(market: "Marketplace", named: str) -> Mapping[str, Any]:
    """The app by its `app.id`, or by the id that the marketplace gave it. Ends the command where there is none."""
    try:
        by_id = market.thing("GET", f"/deployed-apps/{UUID(named)}")
    except ValueError:
        found = look_up_app(market, named)
        if found is None:
            end(
                VendorStatus.REFUSED,
                f"{named} is not registered at {market.url}, or is not yours",
                "Say tradepost register in its folder, or tradepost whoami to see where you are signed in.",
            )
        return found
    return by_id


def look_up_app(market: "Marketplace", app_id: str) -> Mapping[str, Any] | None:
    """The app with this `app.id`, if this token may see it."""
    page = market.thing("GET", "/deployed-apps", app_id=app_id, limit=2)
    for each in page["items"]:
        if each["app_id"] == app_id:
            found: Mapping[str, Any] = each
            return found
    return None


def say(answer: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(answer, indent=2))


def segment(text: str) -> str:
    """One part of a path."""
    return quote(text, safe="", errors="replace")


def _access_to_app(wanted: Wanted, app_id: str) -> Access:
    identity = identity_of_environment(os.environ, wanted.identity)
    if identity is None:
        return find_access(wanted.marketplace, allow_http=wanted.allow_http)
    url, _ = find_marketplace(wanted.marketplace, allow_http=wanted.allow_http)
    advice = "Somebody of the vendor reads why: tradepost trusted-build refused."
    with talking(as_json=wanted.as_json, source=f"the variable {identity[1]}", advice=advice):
        return exchange(url, identity, app_id=app_id, environment=wanted.environment)


def _end_refused(error: RefusedError, *, as_json: bool, source: str, advice: str) -> NoReturn:
    if as_json:
        say(error.document)
    lines = [error.detail, *map(problem_line, error.problems)]
    if error.is_about_who_asks and source:
        usual = (
            "Say tradepost login, or set another." if error.is_unknown_token else "tradepost whoami says whose it is."
        )
        lines.append(f"The token is from {source}. {advice or usual}")
    lines.append(_NEXT.get(error.rule, ""))
    lines += [_NEXT_AT.get(str(each.get("pointer")), "") for each in error.problems]
    status = VendorStatus.NOT_SIGNED_IN if error.is_about_who_asks else VendorStatus.REFUSED
    end(VendorStatus.MAJOR if error.rule == MAJOR_RULE else status, *filter(None, lines), cause=error)


def problem_line(problem: Mapping[str, Any]) -> str:
    """One problem: where, what, and by which rule."""
    line, column = problem.get("line"), problem.get("column")
    place = f"{line}:{column}  " if line else ""
    return f"  {place}{problem.get('text', '')}  {problem.get('rule', '')} {problem.get('pointer', '')}".rstrip()
