"""Signed addresses of an app's pages, and the tokens that its scripts ask for. Source: protocol.md 3.

Every view of a page gets an address of its own, which is good for a quarter of an hour.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt

from tradepost.core.addresses import origin_of
from tradepost.core.condition import inline_condition
from tradepost.core.errors import InvalidInputError
from tradepost.core.iframe import add_token, frame_parameters, frame_url
from tradepost.core.module import Module
from tradepost.core.signing import CONTEXT_HASH, TOKEN_PARAMETER, query_hash, split_target
from tradepost.foundation.configuration import configuration
from tradepost.foundation.secrets import unseal
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.host.licenses.deciding import license_of

from .scenes import Scene

TOKEN_LIFE = timedelta(minutes=15)
SANDBOX = "allow-scripts allow-same-origin allow-forms allow-popups allow-modals allow-downloads"
"""What a frame may do. `allow-same-origin` gives an app its own origin, which is never ours."""

LONGEST_UI_PARAMETERS = 2_000
_ALGORITHM = "HS256"
_SIGNED = "jwt"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._~-]+")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AUTHORITY = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://[^/?#\\]*).*", re.DOTALL)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A page of an app as it goes into a frame. `origin` is as browsers write it; the bridge accepts no other."""

    app_key: str
    module_key: str
    url: str
    origin: str


def make_frame(
    installation: Installation,
    module: Module,
    scene: Scene,
    *,
    now: datetime,
    is_dialog: bool = False,
    ui_parameters: str | None = None,
) -> Frame:
    """The frame of a module for one view. `now` is machine time.

    Raises InvalidInputError where the address cannot be signed so that every app understands it.
    """
    version = _running(installation)
    url = unsigned_url(installation, module, scene, is_dialog=is_dialog, ui_parameters=ui_parameters)
    origin = browser_origin(version.base_url)
    if browser_origin(url) != origin:
        raise InvalidInputError("The module stands on another origin than its app.")
    if origin in {browser_origin(scene.site.base_url), browser_origin(configuration.host_url)}:
        raise InvalidInputError("The app stands on the origin of this host service, so its pages cannot be shown.")
    return Frame(installation.app_key, module.key, _signed(url, installation, scene, now), origin)


def unsigned_url(
    installation: Installation,
    module: Module,
    scene: Scene,
    *,
    is_dialog: bool = False,
    ui_parameters: str | None = None,
) -> str:
    """The address of a module for a view with everything but the token, checked for what apps read differently."""
    version, license_ = _running(installation), license_of(installation)
    parameters = frame_parameters(
        site_origin=browser_origin(scene.site.base_url),
        context_path=urlsplit(scene.site.base_url).path.rstrip("/"),
        app_key=installation.app_key,
        module_key=module.key,
        license_word=license_.word,
        capability_set=license_.capability_set,
        dialog=is_dialog,
        ui_params=ui_parameters,
    )

    def holds(name: str, params: Mapping[str, str]) -> bool:
        return inline_condition(scene.facts(installation))(name, params)

    url = frame_url(version.base_url, module.url, scene.variables, parameters, condition=holds)
    _check_readable_by_all(url)
    return url


def context_token(installation: Installation, scene: Scene, *, now: datetime) -> str:
    """A token for the scripts of an app's page: bound to no request, it carries what the page is about."""
    return _token(installation, scene, CONTEXT_HASH, scene.told, now)


def browser_origin(url: str) -> str:
    """The origin as browsers compare it: without the port that goes without saying."""
    known = origin_of(_AUTHORITY.sub(r"\1", url))
    if known is None:
        raise InvalidInputError(f"{url[:200]!r} is not the address of a page.")
    return known.removesuffix(_DEFAULT_PORTS[urlsplit(known).scheme])


def _running(installation: Installation) -> KnownVersion:
    assert installation.running is not None
    return installation.running


def _signed(url: str, installation: Installation, scene: Scene, now: datetime) -> str:
    version = _running(installation)
    if version.authentication != _SIGNED:
        return url
    parts = urlsplit(url)
    path, query = split_target(parts.path + (f"?{parts.query}" if parts.query else ""))
    base_path = urlsplit(version.base_url).path
    bound_to = query_hash("GET", path, query, base_path=base_path)
    return add_token(url, _token(installation, scene, bound_to, {}, now))


def _token(installation: Installation, scene: Scene, bound_to: str, context: Mapping[str, Any], now: datetime) -> str:
    claims: dict[str, Any] = {
        "iss": installation.client_key,
        "iat": int(now.timestamp()),
        "exp": int((now + TOKEN_LIFE).timestamp()),
        "qsh": bound_to,
        "context": context,
    }
    if scene.account_id is not None:
        claims["sub"] = scene.account_id
    return jwt.encode(claims, unseal(installation.sealed_secret), algorithm=_ALGORITHM)


def ui_parameters_of(values: object) -> str | None:
    """What an app hands to its dialog, as one parameter; None for nothing. Raises InvalidInputError for too much."""
    if values in (None, {}, ""):
        return None
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    if len(text) > LONGEST_UI_PARAMETERS:
        raise InvalidInputError(f"A dialog is handed at most {LONGEST_UI_PARAMETERS} characters.")
    return text


def _check_readable_by_all(url: str) -> None:
    """Apps differ in how they hash odd names, bad escapes and doubled slashes (protocol.md 2.1): such is not sent."""
    parts = urlsplit(url)
    if _ESCAPE.search(parts.path + parts.query):
        raise InvalidInputError("The module's address has a percent sign that begins no escape.")
    if parts.path.endswith("//"):
        raise InvalidInputError("The module's address ends in two slashes.")
    for part in parts.query.split("&"):
        name = part.partition("=")[0]
        if part and not _PLAIN_NAME.fullmatch(name):
            raise InvalidInputError(f"The module's address has the query name {name!r}, which apps read differently.")
        if name == TOKEN_PARAMETER:
            raise InvalidInputError(f"The module's address has a parameter {TOKEN_PARAMETER} of its own.")
