"""What each rule does when a watched app becomes a deployed one. docs/manifest-rules.md is drawn from this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Way(StrEnum):
    """How a deployed version comes to a site that runs the watched app."""

    SILENT = "by itself"
    BULK = "bulk upgrade"
    CONSENT = "consent"

    @property
    def gravity(self) -> int:
        """0 for the lightest."""
        return list(Way).index(self)


@dataclass(frozen=True, slots=True)
class EquivalenceRule:
    """One rule: which way it makes the version go, when it applies, and an example."""

    name: str
    way: Way
    trigger: str
    example: str


_ALL = (
    EquivalenceRule("equivalence.scope_extra", Way.CONSENT,
                    "A scope that no Connect scope covers, known here or not.", "`storage:app`"),
    EquivalenceRule("equivalence.scope_raised", Way.CONSENT,
                    "A scope that amounts to more than the scopes of the descriptor, implied ones included.",
                    "READ, and now `write:connect-jira` or `write:comment:jira`"),
    EquivalenceRule("equivalence.scope_covered", Way.BULK,
                    "A scope, other than a Connect scope, that the scopes of the descriptor cover.",
                    "READ, and now `read:jira-work`"),
    EquivalenceRule("equivalence.right_dropped", Way.SILENT, "A right is not asked for any more.",
                    "ADMIN, and now `read:connect-jira`"),
    EquivalenceRule("equivalence.remote_removed", Way.BULK,
                    "`app.connect.remote` names no remote with an address: the Connect remote is gone.",
                    "`connect: {key: poll}`"),
    EquivalenceRule("equivalence.backend_changed", Way.CONSENT,
                    "The Connect remote has an address, in any region, that is not the `baseUrl` of the descriptor, by "
                    "its exact text.", "`https://a.example` to `https://b.example`"),
    EquivalenceRule("equivalence.remote_added", Way.SILENT, "Any other remote.", "`key: backend`"),
    EquivalenceRule("equivalence.payment_enabled", Way.CONSENT,
                    "`app.licensing.enabled`, where `enableLicensing` was not true.", "Free to paid."),
    EquivalenceRule("equivalence.payment_disabled", Way.SILENT,
                    "No `app.licensing.enabled`, where `enableLicensing` was true. The marketplace reviews it.",
                    "Paid to free."),
    EquivalenceRule("equivalence.user_access", Way.CONSENT,
                    "`app.licensing.modes` has `user-access`, or `app.access.userAccess` is on.",
                    "`modes: [user-access]`"),
    EquivalenceRule("equivalence.provider_added", Way.CONSENT, "A sign-in provider in `providers.auth`.",
                    "`key: google`"),
    EquivalenceRule("equivalence.analytics", Way.CONSENT,
                    "An entry of `permissions.external` in the category `analytics`.",
                    "`address: stats.example, category: analytics`"),
    EquivalenceRule("equivalence.egress", Way.SILENT,
                    "Other entries of `permissions.external`, those that customers may add included.",
                    "`images: ['*.example.com']`"),
    EquivalenceRule("equivalence.content", Way.SILENT, "Entries of `permissions.content`.",
                    "`styles: ['unsafe-inline']`"),
    EquivalenceRule("equivalence.module_added", Way.SILENT, "A type under `modules`, web triggers included.",
                    "`macro: [{key: poll}]`"),
    EquivalenceRule("equivalence.connect_added", Way.SILENT, "A module of `connectModules` is not in the descriptor.",
                    "A panel."),
    EquivalenceRule("equivalence.connect_changed", Way.SILENT,
                    "A module with the same key has other content, or a lifecycle call another address.",
                    "Another title."),
    EquivalenceRule("equivalence.connect_removed", Way.SILENT, "A module of the descriptor is gone.", "No panel."),
    EquivalenceRule("equivalence.same", Way.SILENT, "Nothing of the above.", "The same app, deployed."),
)  # fmt: skip

EQUIVALENCE_RULES: Mapping[str, EquivalenceRule] = MappingProxyType({rule.name: rule for rule in _ALL})
"""Rule name -> its explanation and its effect."""
