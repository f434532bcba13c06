"""Draws docs/reference/marketplace-api.json and host-api.json: the REST APIs as they are mounted."""

import json

from django.urls import resolve
from ninja import NinjaAPI

PREFIX = "/api/1/"


def draw_marketplace() -> str:
    """Return the OpenAPI document of the marketplace. Django must be set up."""
    return _draw(api_of("marketplace"))


def draw_host() -> str:
    """Return the OpenAPI document of the host service. Django must be set up."""
    return _draw(api_of("host"))


def api_of(service: str) -> NinjaAPI:
    """Return the API behind the service's own address of its description."""
    view = resolve(f"{PREFIX}openapi.json", urlconf=f"tradepost.server.urls.{service}").func
    api = getattr(view, "keywords", {}).get("api")
    assert isinstance(api, NinjaAPI), "ninja serves its description by another kind of view now"
    return api


def _draw(api: NinjaAPI) -> str:
    return json.dumps(api.get_openapi_schema(path_prefix=PREFIX), indent=2, ensure_ascii=False, default=str) + "\n"
