"""`tradepost enable`, `disable`, `uninstall`, `rotate-secret`, `send-webhook`, `deliveries`: one app on a site."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tradepost.cli.site_options import (
    DEFAULT_URL,
    App,
    AsJson,
    HostUrl,
    Site,
    Timeout,
    Token,
    find_site,
    give_up,
    say,
    segment,
    talking,
)

LONGEST_PAYLOAD = 1_000_000


def enable(site: Site, app: App, *, url: HostUrl = DEFAULT_URL, token: Token = "", as_json: AsJson = False) -> None:
    """Switch an app on.

    Exit status: 0; 1 refused or not reached.
    """
    _change("PUT", site, app, "/activation", "{app} is {state} on {site}.", (url, token), as_json=as_json)


def disable(site: Site, app: App, *, url: HostUrl = DEFAULT_URL, token: Token = "", as_json: AsJson = False) -> None:
    """Switch an app off: it is kept up to date and shows nothing.

    Exit status: 0; 1 refused or not reached.
    """
    _change("DELETE", site, app, "/activation", "{app} is {state} on {site}.", (url, token), as_json=as_json)


def uninstall(site: Site, app: App, *, url: HostUrl = DEFAULT_URL, token: Token = "", as_json: AsJson = False) -> None:
    """Take an app away from a site, at once.

    Exit status: 0; 1 refused or not reached.
    """
    _change("DELETE", site, app, "", "{app} is {state} on {site}.", (url, token), as_json=as_json)


def rotate_secret(
    site: Site,
    app: App,
    *,
    timeout: Timeout = 120.0,
    url: HostUrl = DEFAULT_URL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Give an app a new shared secret, and wait until it has taken or refused it.

    Exit status: 0 it was taken; 1 it was refused, nothing is definite in time, or the service was not reached.
    """
    from tradepost.cli.site_waiting import watch

    with talking(url, token) as service:
        row = find_site(service, site)
        place = f"/sites/{row['id']}/apps/{segment(app)}"
        before = {call["id"] for call in service.all_of(f"{place}/calls", most=100)}
        service.ask("PUT", f"{place}/secret")
        found = watch(
            lambda: service.ask("GET", place),
            until=lambda each: not each["is_rotating"],
            timeout=timeout,
            text=f"Offering {app} a new secret",
        )
        calls = service.all_of(f"{place}/calls", most=100)
    answer = _rotation(app, found, [each for each in calls if each["id"] not in before])
    if as_json:
        say(answer)
    elif answer["rotated"]:
        typer.echo(f"{app} has taken its new secret.")
    if answer["rotated"] is None:
        raise give_up(f"{app} has not answered yet; until it has, both secrets count")
    if not answer["rotated"]:
        raise give_up(f"{app} did not take the new secret, so the old one stays: {answer['text']}")


def send_webhook(
    site: Site,
    event: Annotated[str, typer.Argument(help="The event, such as jira:issue_created.")],
    *,
    app: Annotated[str, typer.Option(help="Only to this app.")] = "",
    payload: Annotated[str, typer.Option(help="A JSON object that is put into the body, or @FILE.")] = "",
    url: HostUrl = DEFAULT_URL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Send an event to the apps of a site that want it.

    Exit status: 0; 1 refused or not reached; 2 invalid.
    """
    new: dict[str, Any] = {"event": event, "payload": _read_payload(payload)}
    if app:
        new["app"] = app
    with talking(url, token) as service:
        row = find_site(service, site)
        sent = service.ask("POST", f"/sites/{row['id']}/webhook-events", new)
    if as_json:
        say(sent)
    elif sent["apps"]:
        typer.echo(f"{event} goes to {', '.join(sorted(set(sent['apps'])))}.")
    else:
        typer.echo(f"No app on {row['name']} wants {event}.")


def deliveries(
    site: Site,
    app: App,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most, the newest first.")] = 20,
    url: HostUrl = DEFAULT_URL,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """List what an app was sent, lifecycle calls and webhooks, and what came of it.

    Exit status: 0; 1 refused or not reached.
    """
    with talking(url, token) as service:
        place = f"/sites/{find_site(service, site)['id']}/apps/{segment(app)}"
        rows = [_of_queued(each) for each in service.ask("GET", place)["queued"]]
        rows += [_of_call(each) for each in service.all_of(f"{place}/calls", most=limit)]
        rows += [_of_webhook(each) for each in service.all_of(f"{place}/deliveries", most=limit)]
    rows.sort(key=lambda row: str(row["at"]), reverse=True)
    if as_json:
        say(rows[:limit])
    else:
        from tradepost.cli.site_paper import print_deliveries

        print_deliveries(rows[:limit])


def _change(method: str, site: str, app: str, part: str, done: str, where: tuple[str, str], *, as_json: bool) -> None:
    with talking(*where) as service:
        row = find_site(service, site)
        answer = service.ask(method, f"/sites/{row['id']}/apps/{segment(app)}{part}")
    if as_json:
        say(answer)
    else:
        typer.echo(done.format(app=answer["app"], state=answer["state"], site=row["name"]))


def _rotation(app: str, found: Mapping[str, Any], calls: list[Any]) -> dict[str, Any]:
    """`rotated` is null while nothing is definite. The last attempt decided."""
    if found["is_rotating"]:
        return {"app": app, "rotated": None, "text": "no definite answer yet"}
    offers = [call for call in calls if call["cause"] == "rotation"]
    if not offers:
        return {"app": app, "rotated": False, "text": found["text"] or "the app was not asked"}
    last = offers[0]
    text = last["error"] or (f"it answered with status {last['status']}" if last["status"] else "")
    return {"app": app, "rotated": last["succeeded"], "text": text}


def _read_payload(text: str) -> dict[str, Any]:
    if not text:
        return {}
    hint = "--payload"
    if text.startswith("@"):
        try:
            with Path(text[1:]).open(encoding="utf-8") as file:
                text = file.read(LONGEST_PAYLOAD)
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"cannot read {text[1:]}: {error}", param_hint=hint) from error
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"this is no JSON: {error}", param_hint=hint) from error
    if not isinstance(payload, dict):
        raise typer.BadParameter("a payload is a JSON object.", param_hint=hint)
    return payload


def _of_queued(queued: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "lifecycle",
        "id": queued["delivery"],
        "event": queued["event"],
        "at": queued["due_at"],
        "outcome": "waiting",
        "attempts": queued["attempts"],
        "status": None,
        "error": queued["last_failure"],
        "url": "",
        "request": "",
        "response": "",
        "seconds": None,
    }


def _of_call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "lifecycle",
        "id": call["id"],
        "event": call["event"],
        "at": call["at"],
        "outcome": "delivered" if call["succeeded"] else "failed",
        "attempts": call["attempt"],
        "status": call["status"],
        "error": call["error"],
        "url": call["url"],
        "request": call["request_body"],
        "response": call["response_excerpt"],
        "seconds": call["seconds"],
    }


def _of_webhook(delivery: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": "webhook",
        "id": delivery["id"],
        "event": delivery["event"],
        "at": delivery["made_at"],
        "outcome": delivery["state"],
        "attempts": delivery["attempts"],
        "status": delivery["status"],
        "error": delivery["error"],
        "url": delivery["url"],
        "request": delivery["body"],
        "response": delivery["response_excerpt"],
        "seconds": delivery["seconds"],
    }
