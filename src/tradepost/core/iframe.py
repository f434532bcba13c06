"""The address of an app's frame, before it is signed. Source: protocol.md 3.1."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from tradepost.core.module_address import is_absolute
from tradepost.core.signing import TOKEN_PARAMETER
from tradepost.core.variables import substitute

FRAMEWORK_VERSION = "1001.0.0-SNAPSHOT"
"""What hosts say of themselves as `cv`; no client reads it."""

_KEPT = "!#$%&'()*+,/:;=?@[]~-._"
"""What stands in an address as it is. Everything else is percent-encoded."""


def frame_parameters(
    *,
    site_origin: str,
    context_path: str,
    app_key: str,
    module_key: str,
    license_word: str,
    capability_set: str | None = None,
    framework_version: str = FRAMEWORK_VERSION,
    dialog: bool = False,
    simple_dialog: bool = False,
    ui_params: str | None = None,
) -> list[tuple[str, str]]:
    """The standard parameters in their order, without the token, which comes last.

    `site_origin` is `https://site` without a path, `context_path` is empty or `/alpha`, `license_word` is `active` or
    `none`. An app without an edition has no `capability_set`.
    """
    optional = [
        ("dialog", "1" if dialog else None),
        ("simpleDialog", "1" if simple_dialog else None),
        ("ui-params", ui_params),
    ]
    standard: list[tuple[str, str | None]] = [
        ("xdm_e", site_origin),
        ("xdm_c", f"channel-{app_key}__{module_key}"),
        ("cp", context_path),
        ("xdm_deprecated_addon_key_do_not_use", app_key),
        ("lic", license_word),
        ("capSet", capability_set),
        ("cv", framework_version),
        *optional,
    ]
    return [(name, value) for name, value in standard if value is not None]


def frame_url(
    base_url: str,
    url: str,
    variables: Mapping[str, str | Sequence[str]],
    parameters: Sequence[tuple[str, str]],
    *,
    condition: Callable[[str, Mapping[str, str]], bool] | None = None,
) -> str:
    """The whole address of a frame: the module's own parameters first, then the given ones, then the fragment.

    `url` is a module's, relative to `base_url` or absolute (see core.module, which refuses other origins). Raises
    InvalidInputError where a variable's value would change the path.
    """
    before = absolute(base_url, url).removesuffix(url)
    filled = quote(substitute(url, variables, condition=condition), safe=_KEPT)
    return add_parameters(before + filled, parameters)


def absolute(base_url: str, url: str) -> str:
    """A module's address below the base URL; one that is absolute already stays as it is.

    It is taken as the descriptor has it: a variable's value must not make an address absolute.
    """
    if is_absolute(url):
        return url
    base = base_url.rstrip("/")
    return base + url if not url or url[0] in "/?#" else f"{base}/{url}"


def add_parameters(url: str, parameters: Sequence[tuple[str, str]]) -> str:
    """The address with parameters behind those it has, in front of its fragment."""
    address, mark, fragment = url.partition("#")
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters)
    if not text:
        return url
    glue = "?" if "?" not in address else "" if address.endswith(("?", "&")) else "&"
    return f"{address}{glue}{text}{mark}{fragment}"


def add_token(url: str, token: str) -> str:
    """The signed address: the token is the last parameter."""
    return add_parameters(url, [(TOKEN_PARAMETER, token)])
