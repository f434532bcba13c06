"""The signed address of one module for one person, or why there is none: for programs that look for somebody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tradepost.core.condition import ConditionReason
from tradepost.core.errors import InvalidInputError, NotFoundError
from tradepost.foundation.models import User
from tradepost.host.licenses.caching import renew
from tradepost.host.licenses.deciding import license_of
from tradepost.host.licenses.spelling import page_license
from tradepost.host.sites.models import Site

from .frames import make_frame
from .queries import ExplainedModule, ShownModule, explain
from .scenes import read_scene


@dataclass(frozen=True, slots=True)
class ModuleAddress:
    """`url` is None where the module does not show; then `reasons` are what each of its conditions said.

    `license` is what the scripts of its page read of the license in the page context.
    """

    url: str | None
    reasons: tuple[ConditionReason, ...] = ()
    license: dict[str, Any] = field(default_factory=dict)


def module_address(
    site: Site, module: str, viewer: User | None, asked: Mapping[str, str], *, now: datetime
) -> ModuleAddress:
    """The address a viewer's page would show a module at. `now` is machine time.

    `module` is `app/module`, `app__module`, or the module's key alone where only one app uses it; `asked` names the
    scene (`issue.key`, `project.key`, `profileUser.accountId`). Raises NotFoundError where there is no such module, or
    the viewer may not see what the scene is about; InvalidInputError where several apps use the key.
    """
    renew(site)
    scene = read_scene(site, viewer, asked)
    row = _find(explain(site, scene), module)
    told = page_license(license_of(row.installation))
    if not row.shows:
        return ModuleAddress(None, row.reasons, told)
    shown = ShownModule(row.installation, row.module)
    return ModuleAddress(make_frame(shown.installation, shown.module, scene, now=now).url, license=told)


def _find(rows: list[ExplainedModule], wanted: str) -> ExplainedModule:
    found = [row for row in rows if wanted in _names(row)]
    framed = [row for row in found if row.module.framed] or found
    if not framed:
        raise NotFoundError("module of an app on this site", wanted[:200])
    if len({row.installation.app_key for row in framed}) > 1:
        raise InvalidInputError(f"Several apps have a module {wanted}: write APP/{wanted}.")
    return framed[0]


def _names(row: ExplainedModule) -> tuple[str, ...]:
    app, key = row.installation.app_key, row.module.key
    return (key, f"{app}/{key}", f"{app}__{key}") if key else ()
