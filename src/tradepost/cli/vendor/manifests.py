"""Reading the manifest of a command, and finding everything that is wrong with it before anything is sent."""

from typing import TYPE_CHECKING

from tradepost.cli.ending import VendorStatus, end
from tradepost.cli.reading import read_place
from tradepost.cli.unreadable import UnreadableError
from tradepost.core.comparison import DRAFT_POLICY
from tradepost.core.manifest import ReadManifest

if TYPE_CHECKING:
    from tradepost.core.manifest_lint import LintReport


def read_manifest_file(place: str) -> bytes:
    """The bytes of a manifest, one more than there may be where it is too large. Ends the command where it is not."""
    try:
        return read_place(place, limit=DRAFT_POLICY.limits.max_bytes)
    except UnreadableError as error:
        advice = "Run this in the folder of the app, or say where its manifest is with --manifest."
        end(VendorStatus.USAGE, str(error), advice, cause=error)


def read_text(raw: bytes) -> ReadManifest:
    """What stands in it."""
    from tradepost.wire.manifest_text import read_manifest

    return read_manifest(raw, limits=DRAFT_POLICY.limits)


def lint_text(raw: bytes) -> "LintReport":
    """Everything that can be said of it without asking a marketplace."""
    from tradepost.core.manifest_lint import lint

    return lint(read_text(raw))


def app_id_in(place: str) -> str:
    """The `app.id` of the manifest at a place. Ends the command where there is none."""
    read = read_text(read_manifest_file(place))
    if read.manifest is None:
        end(VendorStatus.REFUSED, f"{place} cannot be read as a manifest", f"tradepost lint {place} says why.")
    app_id = app_id_of(read)
    if app_id is None:
        end(VendorStatus.REFUSED, f"{place} has no app.id", "tradepost register draws one and writes it there.")
    return app_id


def app_id_of(read: ReadManifest) -> str | None:
    """The `app.id` of a manifest, if it has one."""
    from tradepost.core.manifest_facts import facts_of_manifest

    return None if read.manifest is None else facts_of_manifest(read.manifest).app_id or None
