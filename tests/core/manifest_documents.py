"""Manifests to try rules on: generated ones, and other spellings of the same facts."""

import yaml
from hypothesis import strategies as st

from tradepost.wire.manifest_text import read_manifest

ADDRESSES = ["https://a.example", "https://b.example", "*.c.example", "https://a.example/"]
SCOPES = ["read:jira-work", "write:jira-work", "storage:app"]
KEYS = ["one", "two", "three"]
EXTERNAL = ["images", "scripts", "styles", "fonts", "frames", "media"]


def read(text):
    """The manifest in a text or a value; it must be one."""
    found = read_manifest(text if isinstance(text, str) else yaml.safe_dump(text))
    assert found.manifest is not None, found.problems
    return found.manifest


def some(values, **limits):
    return st.lists(st.sampled_from(values), unique=True, **limits)


def optional(**fields):
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def keyed(draw, **fields):
    keys = draw(some(KEYS, max_size=2))
    return [{"key": key, **draw(optional(**fields))} for key in keys]


addresses = st.sampled_from(ADDRESSES)
more = {"category": st.sampled_from(["analytics", "storage"]), "inScopeEUD": st.booleans()}
entries = st.lists(
    st.one_of(
        addresses,
        st.fixed_dictionaries({"address": addresses}, optional=more),
        st.fixed_dictionaries({"remote": st.sampled_from(KEYS)}, optional=more),
    ),
    max_size=3,
)
external = optional(
    fetch=optional(backend=entries, client=entries),
    **dict.fromkeys(EXTERNAL, entries),
    configurable=optional(enabled=st.booleans()),
)
remotes = keyed(
    baseUrl=st.one_of(addresses, st.dictionaries(st.sampled_from(["default", "EU", "US"]), addresses, min_size=1)),
    storage=optional(inScopeEUD=st.booleans()),
    configurable=st.booleans(),
    operations=some(["storage", "fetch"]),
)
manifests = optional(
    app=optional(
        licensing=optional(enabled=st.booleans()),
        connect=optional(key=st.sampled_from(KEYS)),
        name=st.sampled_from(["A", "B"]),
    ),
    permissions=optional(
        scopes=some(SCOPES),
        content=optional(scripts=some(["unsafe-inline", "unsafe-eval"]), styles=some(["unsafe-inline"])),
        external=external,
    ),
    providers=optional(auth=keyed(clientId=st.sampled_from(["id-1", "id-2"]))),
    remotes=remotes,
    modules=optional(
        webtrigger=keyed(function=st.just("f"), response=optional(type=st.sampled_from(["static", "dynamic"]))),
        macro=keyed(title=st.sampled_from(["A", "B"])),
    ),
)


@st.composite
def pairs(draw):
    """Two manifests, often near to each other: whole branches are shared."""
    old, other = draw(manifests), draw(manifests)
    return old, blend(draw, old, other)


def blend(draw, old, other):
    if not (isinstance(old, dict) and isinstance(other, dict)):
        return draw(st.sampled_from([old, old, other]))
    found = {}
    for name in sorted(old.keys() | other.keys()):
        source = draw(st.sampled_from(["old", "old", "both", "other"]))
        if source == "both" and name in old and name in other:
            found[name] = blend(draw, old[name], other[name])
        elif name in (side := other if source == "other" else old):
            found[name] = side[name]
    return found


@st.composite
def spellings(draw, manifest):
    """YAML text of a manifest that says the same in another way."""
    value = respelled(draw, manifest)
    return yaml.safe_dump(
        value,
        default_flow_style=draw(st.sampled_from([None, False, True])),
        sort_keys=draw(st.booleans()),
        default_style=draw(st.sampled_from([None, '"'])) if not _has_scalars_of_types(value) else None,
        width=draw(st.sampled_from([20, 80, 1000])),
        explicit_start=draw(st.booleans()),
        line_break=draw(st.sampled_from(["\n", "\r\n"])),
    )


def respelled(draw, manifest):
    found = {name: manifest[name] for name in draw(st.permutations(sorted(manifest)))}
    for name in ("remotes",):
        if found.get(name):
            found[name] = draw(st.permutations([spelled_remote(draw, item) for item in found[name]]))
    if "permissions" in found:
        found["permissions"] = spelled_permissions(draw, found["permissions"])
    if found.get("modules", {}).get("webtrigger"):
        triggers = [spelled_trigger(draw, item) for item in found["modules"]["webtrigger"]]
        found["modules"] = {**found["modules"], "webtrigger": draw(st.permutations(triggers))}
    if found.get("providers", {}).get("auth"):
        found["providers"] = {"auth": draw(st.permutations(found["providers"]["auth"]))}
    return found


def spelled_permissions(draw, permissions):
    found = dict(permissions)
    if "scopes" in found:
        scopes = draw(st.permutations(found["scopes"]))
        again = [*scopes, *scopes[:1]]
        found["scopes"] = draw(st.sampled_from([scopes, again, dict.fromkeys(scopes), scopes or None]))
    if "external" in found:
        found["external"] = {
            kind: {way: spelled_entries(draw, items) for way, items in value.items()}
            if kind == "fetch"
            else value if kind == "configurable" else spelled_entries(draw, value)
            for kind, value in found["external"].items()
        }  # fmt: skip
    return found


def spelled_entries(draw, items):
    return draw(st.permutations([spelled_entry(draw, item) for item in items])) or draw(st.sampled_from([[], None]))


def spelled_entry(draw, item):
    if isinstance(item, str):
        return draw(st.sampled_from([item, {"address": item}, {"address": item, "inScopeEUD": False}]))
    plain = item.get("inScopeEUD") is False and draw(st.booleans())
    return {name: item[name] for name in draw(st.permutations(sorted(item))) if not (plain and name == "inScopeEUD")}


def spelled_remote(draw, remote):
    url = remote.get("baseUrl")
    if isinstance(url, str) and draw(st.booleans()):
        return {**remote, "baseUrl": {"default": url}}
    if isinstance(url, dict) and set(url) == {"default"} and draw(st.booleans()):
        return {**remote, "baseUrl": url["default"]}
    return {name: remote[name] for name in draw(st.permutations(sorted(remote)))}


def spelled_trigger(draw, trigger):
    if trigger.get("response", {}).get("type", "dynamic") == "dynamic":
        response = draw(st.sampled_from([None, {}, {"type": "dynamic"}, {"type": None}]))
        return {**trigger, "response": response}
    return trigger


def _has_scalars_of_types(value):
    if isinstance(value, dict):
        return any(_has_scalars_of_types(item) for item in value.values())
    if isinstance(value, list):
        return any(_has_scalars_of_types(item) for item in value)
    return not isinstance(value, str)
