"""Every rule about manifests that a reason or a problem can name. docs/manifest-rules.md is drawn from this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Effect(StrEnum):
    """What a rule does to a deployment."""

    FIRST = "first"
    MAJOR = "major"
    MINOR = "minor"
    REFUSED = "refused"


class Area(StrEnum):
    """Which part of a manifest a rule reads."""

    DEPLOYMENT = "Deployments"
    SCOPES = "Scopes"
    EGRESS = "Addresses that the app and its pages reach"
    CONTENT = "Options of the content security policy"
    PROVIDERS = "Sign-in providers"
    REMOTES = "Remotes"
    TRIGGERS = "Web triggers"
    APP = "Payment and the Connect key"
    REST = "Everything else"
    TEXT = "Problems of the text"


@dataclass(frozen=True, slots=True)
class ManifestRule:
    """One rule: where it belongs, what it does, when it applies, and an example."""

    name: str
    area: Area
    effect: Effect
    trigger: str
    example: str


def _major(name: str, area: Area, trigger: str, example: str) -> ManifestRule:
    return ManifestRule(name, area, Effect.MAJOR, trigger, example)


def _minor(name: str, area: Area, trigger: str, example: str) -> ManifestRule:
    return ManifestRule(name, area, Effect.MINOR, trigger, example)


def _refused(name: str, area: Area, trigger: str, example: str) -> ManifestRule:
    return ManifestRule(name, area, Effect.REFUSED, trigger, example)


_DEPLOYMENTS = (
    ManifestRule("deployment.first", Area.DEPLOYMENT, Effect.FIRST,
                 "No deployment of this `app.id` came before; a missing id is a value of its own.",
                 "The first is 1.1.0. Another `app.id` in a history starts at 1.1.0 again."),
    _major("deployment.from_watched", Area.DEPLOYMENT,
           "A watched app is deployed under its own key: `app.connect.key` is the `key` of its descriptor. At sites, "
           "consent then follows the rights that rise, not the number.",
           "1.4.2 of the descriptor becomes 2.0.0."),
    _minor("deployment.unchanged", Area.DEPLOYMENT, "Nothing that counts changed. A deployment always makes a version.",
           "1.4.0 becomes 1.5.0."),
    _refused("deployment.app", Area.DEPLOYMENT,
             "`compare` is given two apps: another `app.id`, or a Connect key that is not the key of the descriptor.",
             "`compare one.yml other.yml`"),
    _refused("deployment.not_back", Area.DEPLOYMENT,
             "A descriptor follows a manifest that names its key.", "A deployed app is not watched again."),
)  # fmt: skip

_RIGHTS = (
    _major("manifest_scope.added", Area.SCOPES, "A name stands in `permissions.scopes`, list or mapping, that did not.",
           "`write:jira-work` is new."),
    _major("manifest_scope.removed", Area.SCOPES, "A name that stood there does no longer.", "The set is another one."),
    _major("egress.added", Area.EGRESS,
           "An entry of `permissions.external` reaches what no entry of its kind did. A reference to a remote stands "
           "for the addresses of all its regions, or for itself where no such remote is declared.",
           "`images: ['*.example.com']`"),
    _major("egress.changed", Area.EGRESS,
           "The same address of the same kind has another `category` or another `inScopeEUD`, up or down.",
           "`category: analytics` is added to an entry."),
    _minor("egress.removed", Area.EGRESS, "An entry is gone.", "`fonts: []`"),
    _major("egress.opened", Area.EGRESS, "`permissions.external.configurable.enabled` is switched on.",
           "Customers may add addresses."),
    _minor("egress.closed", Area.EGRESS, "It is switched off.", "`enabled: false`"),
    _major("content.added", Area.CONTENT, "A value of a kind stands in `permissions.content` that did not.",
           "`styles: ['unsafe-inline']`"),
    _minor("content.removed", Area.CONTENT, "A value is gone.", "`styles: []`"),
    _major("provider.added", Area.PROVIDERS, "`providers.auth` has a key that it had not.", "`key: google`"),
    _major("provider.changed", Area.PROVIDERS, "A provider has another `clientId`.", "`clientId: abc` to `def`"),
    _major("provider.removed", Area.PROVIDERS, "A pair of key and client id is gone.", "The list is empty."),
)  # fmt: skip

_REMOTES = (
    _major("remote.added", Area.REMOTES, "A remote has a new key, and neither of the next two rules applies.",
           "`key: backend` with an address that is new."),
    _minor("remote.moved_in", Area.REMOTES,
           "A remote has a new key, and all its addresses stood in the old `fetch.backend`, by themselves or through "
           "a reference.", "An address moves from `fetch.backend` into `remotes`."),
    _minor("remote.prepared", Area.REMOTES,
           "A remote has a new key, is managed by customers (`configurable`) and has no address.",
           "`key: own, configurable: true`"),
    _minor("remote.removed", Area.REMOTES, "A remote is gone.", "An entry that still refers to it is `egress.added`."),
    _major("region.added", Area.REMOTES,
           "A region is new, with an address that this remote had nowhere before. A plain address is the region "
           "`default`.", "`EU: https://eu.example.com`"),
    _minor("region.named", Area.REMOTES, "A region is new, with an address that this remote had before.",
           "`baseUrl: https://a` becomes `default: https://a`, `EU: https://a`."),
    _major("region.changed", Area.REMOTES, "A region has another address, by its exact text.",
           "`https://a.example` to `https://a.example/`"),
    _major("region.removed", Area.REMOTES, "A region is gone, and the next rule does not apply.", "No `EU` any more."),
    _minor("remote.emptied", Area.REMOTES, "A remote that was managed by customers has no address at all any more.",
           "`baseUrl` is taken out."),
    _major("remote.stores", Area.REMOTES, "`storage.inScopeEUD` of a remote that was there is switched on.", "`true`"),
    _minor("remote.stores_no_more", Area.REMOTES, "It is switched off.", "`false`"),
    _major("remote.opened", Area.REMOTES, "`configurable` of a remote that was there is switched on.",
           "`configurable: true`, or a mapping whose `enabled` is not false."),
    _minor("remote.closed", Area.REMOTES, "It is switched off.", "`configurable` is taken out."),
)  # fmt: skip

_REST = (
    _major("trigger.dynamic_added", Area.TRIGGERS, "A web trigger with a new key answers dynamically; so does one "
           "without `response.type`, or with any but `static`.", "`webtrigger: [{key: hook, function: f}]`"),
    _major("trigger.became_dynamic", Area.TRIGGERS, "A static web trigger becomes dynamic.", "`response` is removed."),
    _minor("trigger.static_added", Area.TRIGGERS, "A web trigger with a new key is static.", "`type: static`"),
    _minor("trigger.became_static", Area.TRIGGERS, "A dynamic web trigger becomes static.", "`type: static`"),
    _minor("trigger.removed", Area.TRIGGERS, "A web trigger is gone.", "No trigger `hook` any more."),
    _major("payment.enabled", Area.APP, "`app.licensing.enabled` is switched on.", "Free to paid."),
    _minor("payment.disabled", Area.APP, "`app.licensing.enabled` is switched off.", "Paid to free."),
    _major("connect_key.changed", Area.APP, "One `app.connect.key` is replaced by another.", "`one` to `two`"),
    _minor("connect_key.added", Area.APP, "There is an `app.connect.key` now.", "Nothing to `one`."),
    _minor("connect_key.removed", Area.APP, "There is no `app.connect.key` any more.", "`one` to nothing."),
    _minor("manifest_module.added", Area.REST, "A module of `modules` or `connectModules` is new.", "A panel."),
    _minor("manifest_module.changed", Area.REST, "A module with the same key has other content.", "Another title."),
    _minor("manifest_module.removed", Area.REST, "A module is gone. The order of modules is none.", "No panel."),
    _minor("manifest.field", Area.REST,
           "Another field changed in nothing that a rule reads: resources, `operations` or `auth` of remotes, names.",
           "`runtime: {name: nodejs22.x}`"),
)  # fmt: skip

_TEXTS = (
    _refused("manifest.not_yaml", Area.TEXT, "The text is not YAML.", "A tab as indentation."),
    _refused("manifest.not_mapping", Area.TEXT, "The text is YAML, and no mapping.", "`- a`, or nothing at all."),
    _refused("manifest.documents", Area.TEXT, "A second document follows.", "`---` in the middle."),
    _refused("manifest.key", Area.TEXT, "A key is a mapping or a list.", "`? [a]`"),
    _refused("manifest.tag", Area.TEXT, "A tag is none of YAML's core schema, or its value is of another kind.",
             "`!!python/object:os.system`"),
    _refused("manifest.alias", Area.TEXT, "An alias stands for nothing, or for what it is part of.", "`a: &a [*a]`"),
    _refused("manifest.merge", Area.TEXT, "The merge key `<<` has something else than mappings.", "`<<: 1`"),
    _refused("manifest.type", Area.TEXT,
             "Something that the rules read has a wrong type. `compare` and deployments refuse it; `replay` reads it "
             "as well as it can: a lone value as a list of one, and anything but false, no, off and nothing as on.",
             "`scopes: read:jira-work`"),
    _refused("manifest.missing", Area.TEXT, "An egress entry names neither an address nor a remote.",
             "`- category: analytics`"),
)  # fmt: skip

MANIFEST_RULES: Mapping[str, ManifestRule] = MappingProxyType(
    {rule.name: rule for rule in (*_DEPLOYMENTS, *_RIGHTS, *_REMOTES, *_REST, *_TEXTS)}
)
"""Rule name -> its explanation. Problems that descriptors can have, too, are explained in `core.rules`."""
