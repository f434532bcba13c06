"""The schema of descriptors, where the frameworks of apps look for it (`SCHEMA_HOST`). Source: protocol.md 7.1."""

import hashlib
import json
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.http import require_safe

from tradepost.core.schema import descriptor_schema_draft04

KEPT_FOR = 86_400
"""Seconds that others may keep it: it changes with a release of ours only."""


@cache
def _schema() -> tuple[bytes, str]:
    """The schema as it is sent, and its tag."""
    content = json.dumps(descriptor_schema_draft04(), separators=(",", ":")).encode()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


@require_safe
def descriptor_schema(request: HttpRequest) -> HttpResponse:
    """The schema in draft-04, which the validator of apps reads. The same for every product and everybody."""
    content, tag = _schema()
    is_same = request.headers.get("If-None-Match") == tag
    response = HttpResponse(
        b"" if is_same else content, status=304 if is_same else 200, content_type="application/json"
    )
    response["ETag"] = tag
    response["Cache-Control"] = f"public, max-age={KEPT_FOR}"
    response["Access-Control-Allow-Origin"] = "*"
    return response


urls = [re_path(r"^schema/(?:jira|confluence)-global-schema\.json\Z", descriptor_schema, name="descriptor_schema")]
