"""`tradepost convert`: the manifest that deploys a watched app as it is."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tradepost.cli.ending import Status, complain
from tradepost.cli.reading import read_place
from tradepost.cli.unreadable import UnreadableError
from tradepost.core.comparison import DRAFT_POLICY
from tradepost.core.descriptor import parse_descriptor
from tradepost.core.errors import ProblemsError

HEAD = """# Written by `tradepost convert` from the descriptor of a watched app. It asks sites for nothing new.
# Next: `tradepost register` writes app.id, `tradepost lint --against DESCRIPTOR` says what sites will be asked.
"""


def convert(
    descriptor: Annotated[str, typer.Argument(help="The descriptor: a file, an http(s) URL, or - for stdin.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Write the manifest to this new file instead of printing it.")
    ] = None,
    product: Annotated[str, typer.Option(help="The product in the names of scopes and modules.")] = "jira",
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest and what is lost as JSON.")] = False,
) -> None:
    """Write the manifest with which a watched app can be deployed from now on, under the same key.

    What has no place in a manifest is said on standard error.

    Exit status: 0; 1 the descriptor cannot be read, or the file exists already; 2 it cannot be listed, or wrong usage.
    """
    import yaml  # type: ignore[import-untyped]

    from tradepost.core.manifest_writing import manifest_of

    if not product.isascii() or not product.replace("-", "").isalnum():
        raise typer.BadParameter("A product is a name such as jira or confluence.", param_hint="--product")
    try:
        raw = read_place(descriptor, limit=DRAFT_POLICY.limits.max_bytes)
        written = manifest_of(parse_descriptor(raw, policy=DRAFT_POLICY).document, product=product)
        text = HEAD + yaml.safe_dump(written.document, sort_keys=False, allow_unicode=True, width=100)
        if out is not None:
            with out.open("x", encoding="utf-8") as file:
                file.write(text)
    except (UnreadableError, FileExistsError, OSError) as error:
        complain(f"{out} exists already; it is left as it is." if isinstance(error, FileExistsError) else str(error))
        raise typer.Exit(Status.UNREADABLE) from error
    except ProblemsError as error:
        for problem in error.problems:
            complain(f"{problem.pointer or '/'}: {problem.text}")
        raise typer.Exit(Status.UNLISTABLE) from error
    for problem in written.lost:
        complain(f"{problem.pointer}: {problem.text}")
    if as_json:
        lost = [{"pointer": each.pointer, "text": each.text} for each in written.lost]
        typer.echo(json.dumps({"manifest": written.document, "lost": lost}, indent=2))
    elif out is None:
        typer.echo(text, nl=False)
