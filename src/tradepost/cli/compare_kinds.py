"""Telling descriptors and manifests apart, and comparing whatever two documents are."""

from collections.abc import Mapping
from typing import Any

from tradepost.core.comparison import DRAFT_POLICY, Comparison, compare_descriptors
from tradepost.core.document import parse_strictly
from tradepost.core.errors import ProblemsError
from tradepost.core.manifest import ReadManifest
from tradepost.core.version import Version


def compare_texts(old: bytes, new: bytes, *, live: Version | None) -> Comparison:
    """Compare two texts as descriptors, as manifests, or as a watched app that becomes a deployed one.

    A descriptor is a JSON object with `baseUrl`; all else is a manifest. Beside a descriptor, a text that does not name
    an `app` is a broken descriptor. Raises InvalidInputError where `live` does not fit the old descriptor.
    """
    before, after = _descriptor_in(old), _descriptor_in(new)
    if before is not None and after is not None:
        return compare_descriptors(old, new, live=live)
    from tradepost.core import manifest_comparison as manifests

    if before is None and after is None:
        return manifests.compare_deployments(_manifest_in(old), _manifest_in(new), live=live)
    other = _manifest_in(old if before is None else new)
    if other.manifest is None or "app" not in other.manifest.document:
        return compare_descriptors(old, new, live=live)
    if before is None:
        return manifests.refuse_descriptor(other)
    return manifests.compare_first_deployment(before, other, live=live)


def _descriptor_in(text: bytes) -> Mapping[str, Any] | None:
    """The JSON object with `baseUrl` in the text, if that is what it is."""
    try:
        value = parse_strictly(text.decode("utf-8"))
    except (UnicodeDecodeError, ProblemsError):
        return None
    return value if isinstance(value, dict) and "baseUrl" in value else None


def _manifest_in(text: bytes) -> ReadManifest:
    from tradepost.wire.manifest_text import read_manifest

    return read_manifest(text, limits=DRAFT_POLICY.limits)
