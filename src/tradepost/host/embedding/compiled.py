"""The modules of versions, read once per process: a version never changes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from tradepost.core.errors import Problem
from tradepost.core.module import Module, find_module, module_problems, modules_of, unknown_kinds
from tradepost.host.installing.models import KnownVersion

MOST_KEPT = 2_000
"""versions in the memory of one process"""


@dataclass(frozen=True, slots=True)
class CompiledVersion:
    """What a version adds to a site: what can be shown, what cannot and why, and what this product does not know."""

    modules: tuple[Module, ...]
    problems: tuple[Problem, ...]
    unknown: tuple[str, ...]

    def find(self, key: str) -> Module | None:
        """The module with this key; of several that share it the first that is a page."""
        return find_module(self.modules, key)


def dialog_options(module: Module) -> dict[str, Any]:
    """How a dialog wants to look, as its descriptor says: of a dialog itself, or of the link that opens one."""
    given = module.raw.get("options") if module.kind == "dialogs" else module.target.options
    return dict(given) if isinstance(given, Mapping) else {}


@lru_cache(maxsize=MOST_KEPT)
def compiled(version_id: UUID) -> CompiledVersion:
    """The modules of a version the host service knows."""
    raw = KnownVersion.objects.values_list("descriptor", flat=True).get(pk=version_id)
    document = json.loads(bytes(raw))
    return CompiledVersion(modules_of(document), module_problems(document), unknown_kinds(document))
