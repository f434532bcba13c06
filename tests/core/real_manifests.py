"""The real histories of manifests that lie beside the checkout."""

import json
from itertools import pairwise

from tradepost.wire.manifest_text import read_manifest


def real_histories(folder):
    """The histories, each a list of its versions with the text in `raw`."""
    lines = (folder / "forge_histories.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["transitions"] for line in lines]


def neighbours(histories):
    """Every two manifests of which one followed the other."""
    for history in histories:
        read = [read_manifest(version["raw"]).manifest for version in history]
        yield from pairwise(manifest for manifest in read if manifest is not None)
