"""`tradepost register`: makes an app known to a marketplace, under the `app.id` of its manifest."""

import os
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradepost.cli.ending import VendorStatus, complain, end, printable
from tradepost.cli.vendor.failures import NoAnswerError, RefusedError
from tradepost.cli.vendor.manifests import app_id_of, read_manifest_file, read_text
from tradepost.cli.vendor.options import MANIFEST, AllowHttp, AsJson, NonInteractive, Url, Wanted
from tradepost.cli.vendor.signing_in import can_ask
from tradepost.cli.vendor.talking import at_marketplace, look_up_app, say
from tradepost.cli.vendor.writing_ids import CannotWriteError, with_app_id

if TYPE_CHECKING:
    from tradepost.cli.vendor.calling import Marketplace

NAMESPACE = "ari:tradepost:marketplace::app/"
_MOST_VENDORS = 200


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is to be registered. `drawn` is the new text of the manifest where the id is a new one."""

    place: Path
    app_id: str
    before: bytes
    drawn: bytes | None


def register(
    name: Annotated[
        str, typer.Argument(show_default=False, help="What people call the app. Default: app.name of the manifest.")
    ] = "",
    *,
    vendor: Annotated[
        str, typer.Option(help="The vendor, by name or id, where you belong to several.", show_default=False)
    ] = "",
    manifest: Annotated[str, typer.Option("--manifest", "-f", help="The manifest, a file.")] = MANIFEST,
    marketplace: Url = "",
    allow_http: AllowHttp = False,
    non_interactive: NonInteractive = False,
    as_json: AsJson = False,
) -> None:
    """Make the app of a manifest known to the marketplace, once.

    Where the manifest has no app.id, one is drawn and written into it; nothing else of it changes. Where the app is
    registered already, this says so.

    Exit status: 0; 1 refused, or the manifest cannot be changed; 2 wrong usage; 4 not signed in; 5 not reached.
    """
    draft, known = _draft(manifest)
    wanted = Wanted(marketplace=marketplace, allow_http=allow_http, as_json=as_json)
    with at_marketplace(wanted) as market:
        found = look_up_app(market, draft.app_id)  # also tries the token, before the file changes
        answer = found or _register(market, draft, {
            "name": name or known or _ask_for_name(asks=can_ask(non_interactive=non_interactive)),
            "app_id": draft.app_id,
            **_vendor(market, vendor),
        })  # fmt: skip
    if as_json:
        say(answer)
        return
    told = "is registered already" if found else "is registered"
    typer.echo(printable(f"{answer.get('name')} {told}: {draft.app_id}, of {answer.get('vendor_name')}."))
    if draft.drawn is not None:
        typer.echo(printable(f"The id stands in {manifest}. Keep it there: it says which app this is."))


def _draft(manifest: str) -> tuple[_Draft, str]:
    """What to register, and the name in the manifest. Ends the command where the manifest cannot take an id."""
    place = Path(manifest)
    if not place.is_file():
        advice = "Write a manifest first: three lines with app, connect and key are enough."
        end(VendorStatus.USAGE, f"there is no file {manifest}", advice)
    raw = read_manifest_file(manifest)
    read = read_text(raw)
    if read.manifest is None:
        end(VendorStatus.REFUSED, f"{manifest} cannot be read as a manifest", f"tradepost lint {manifest} says why.")
    app = read.manifest.document.get("app")
    known = app.get("name") if isinstance(app, Mapping) else None
    app_id = app_id_of(read)
    if app_id is not None:
        return _Draft(place, app_id, raw, None), known if isinstance(known, str) else ""
    app_id = f"{NAMESPACE}{uuid.uuid4()}"
    try:
        drawn = with_app_id(raw, app_id)
    except CannotWriteError as error:
        advice = f"Write it by hand, and register again. This one is nobody's:  app.id: {app_id}"
        end(
            VendorStatus.REFUSED, f"app.id cannot be written into {manifest} without changing more", advice, cause=error
        )
    return _Draft(place, app_id, raw, drawn), known if isinstance(known, str) else ""


def _register(market: "Marketplace", draft: _Draft, wish: Mapping[str, Any]) -> Mapping[str, Any]:
    """Register, with the id in the manifest first.

    An answer that is lost on its way could leave an app behind whose id stands nowhere, and the next try would register
    another. So the id stays where nobody knows what became of it, and only a refusal takes it out again.
    """
    _write(draft, draft.drawn)
    try:
        return market.thing("POST", "/deployed-apps", wish)
    except RefusedError:
        if draft.drawn is not None and draft.place.read_bytes() == draft.drawn:
            _write(draft, draft.before)
        raise
    except NoAnswerError:
        complain("it is not known whether the app was registered; say the same again, it is not registered twice")
        raise


def _write(draft: _Draft, text: bytes | None) -> None:
    """Put the text in place of the file, all or nothing, with its mode. A link stays a link."""
    if text is None:
        return
    place = draft.place.resolve()
    try:
        number, name = tempfile.mkstemp(prefix=f".{place.name}", dir=place.parent)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(place.stat().st_mode & 0o777)
            Path(name).replace(place)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot write {draft.place}: {error.strerror or error}. Nothing was registered."
        end(VendorStatus.REFUSED, message, cause=error)


def _ask_for_name(*, asks: bool) -> str:
    if not asks:
        end(VendorStatus.USAGE, "the app has no name", "Say tradepost register NAME, or set app.name in the manifest.")
    return str(typer.prompt("Name of the app", err=True))


def _vendor(market: "Marketplace", wanted: str) -> dict[str, str]:
    """The vendor by its id or name; nothing where none is named, since most people have one."""
    if not wanted:
        return {}
    try:
        return {"vendor": str(uuid.UUID(wanted))}
    except ValueError:
        vendors = market.all_of("/vendors", most=_MOST_VENDORS)["items"]
    ids = [str(each["id"]) for each in vendors if each["name"].casefold() == wanted.casefold()]
    if len(ids) != 1:
        named = ", ".join(f"{each['name']} ({each['id']})" for each in vendors) or "none"
        end(VendorStatus.REFUSED, f"you belong to no vendor {wanted!r}, or to several", f"Your vendors: {named}.")
    return {"vendor": ids[0]}
