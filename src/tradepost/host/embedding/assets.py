"""The files that apps load from their host: the frame side of the bridge with our addition to it, and a stylesheet.

Half of `all.js` comes from npm at set-up and is never committed.
"""

import gzip
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from tradepost.foundation.configuration import configuration

HERE = Path(__file__).resolve().parent / "static" / "embedding"
_JAVASCRIPT, _STYLES = "text/javascript; charset=utf-8", "text/css; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, plain and packed."""

    content: bytes = field(repr=False)
    packed: bytes = field(repr=False)
    content_type: str
    tag: str


@lru_cache(maxsize=8)
def find_asset(name: str) -> Asset | None:
    """The file with this name; None where there is none, or where set-up has not been run."""
    if name in {"all.js", "all-debug.js"}:
        prebuilt = configuration.var / "assets" / "connect" / "iframe.js"
        if not prebuilt.is_file():
            return None
        return _made(prebuilt.read_bytes() + b"\n;" + (HERE / "frame-shim.js").read_bytes(), _JAVASCRIPT)
    if name in {"all.css", "all-debug.css"}:
        return _made((HERE / "all.css").read_bytes(), _STYLES)
    return None


def _made(content: bytes, content_type: str) -> Asset:
    packed = gzip.compress(content, mtime=0)
    return Asset(content, packed, content_type, f'"{sha256(content).hexdigest()[:32]}"')
