"""What `tradepost lint` can say beyond the rules of deployments. docs/manifest-rules.md is drawn from this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class LintRule:
    """One rule: whether it refuses a manifest or only warns, when it applies, and an example."""

    name: str
    refuses: bool
    trigger: str
    example: str


_ALL = (
    LintRule("connect.key", True, "There is no `app.connect.key`, and `app.id` does not end with a name that could be.",
             "`id: my app`"),
    LintRule("connect.remote", True, "There are `connectModules`, and `app.connect.remote` is missing.",
             "`connect: {key: poll}`"),
    LintRule("connect.remote_unknown", True, "`app.connect.remote` names a remote that is not there.",
             "`remote: conect`"),
    LintRule("connect.address", True, "The Connect remote has no address for the region `default`, or two.",
             "`baseUrl: {EU: 'https://eu.example.com'}`"),
    LintRule("connect.module_type", True, "`connectModules` is no mapping, or a type in it has no product.",
             "`webPanels:` instead of `jira:webPanels:`"),
    LintRule("connect.products", True, "`connectModules` are of two products.",
             "`jira:webPanels` and `confluence:lifecycle`"),
    LintRule("connect.lifecycle", True, "A lifecycle entry is no mapping, or two of them give one event two addresses.",
             "`jira:lifecycle: [/installed]`"),
    LintRule("connect.nothing", False, "There are no `connectModules`: sites render nothing of the app.",
             "An app with `modules` alone."),
    LintRule("lint.no_manifest", False, "Nothing in the mapping says that it is a manifest.", "`name: poll`"),
    LintRule("lint.field_unknown", False, "A field of the manifest is not known.", "`permission:`"),
    LintRule("lint.permission_unknown", False, "A name under `permissions`, `content`, `external` or `fetch` is not "
             "known.", "`external: {image: []}`"),
    LintRule("lint.remote_unknown", False, "An egress entry or an endpoint refers to a remote that is not there.",
             "`- remote: backend`"),
    LintRule("lint.remote_key", False, "Two remotes have one key, or one has none.", "`key: backend` twice."),
    LintRule("lint.editions", False, "`app.licensing.editionsEnabled` is on, `enabled` is not.",
             "`licensing: {editionsEnabled: true}`"),
    LintRule("lint.plain_http", False, "An address of a remote or of an egress entry is not encrypted.",
             "`http://api.example.com`"),
)  # fmt: skip

LINT_RULES: Mapping[str, LintRule] = MappingProxyType({rule.name: rule for rule in _ALL})
"""Rule name -> its explanation."""
