"""A second reading of the list of majors, naive and straight from its words; it shares nothing with the rules."""

KINDS = ["fetch.backend", "fetch.client", "images", "scripts", "styles", "fonts", "frames", "media"]


def dig(value, *names):
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def as_list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def app_of(manifest):
    return dig(manifest, "app", "id")


def is_major(old, new):
    return any(why_major(old, new))


def why_major(old, new):
    """One truth value for each line of the list."""
    yield scopes(old) != scopes(new)
    yield not egress(new) <= egress(old)
    yield not content(new) <= content(old)
    yield switched_on(old, new, "permissions", "external", "configurable", "enabled")
    yield providers(old) != providers(new)
    yield any(remote_is_major(old, new, key) for key in remotes(new))
    yield not dynamic(new) <= dynamic(old)
    yield switched_on(old, new, "app", "licensing", "enabled")
    keys = dig(old, "app", "connect", "key"), dig(new, "app", "connect", "key")
    yield None not in keys and keys[0] != keys[1]


def switched_on(old, new, *names):
    return dig(new, *names) is True and dig(old, *names) is not True


def scopes(manifest):
    return set(dig(manifest, "permissions", "scopes") or [])


def remotes(manifest):
    return {remote["key"]: remote for remote in manifest.get("remotes") or []}


def regions(remote):
    url = (remote or {}).get("baseUrl")
    if url is None:
        return {}
    return {"default": url} if isinstance(url, str) else {name: it for name, it in url.items() if it is not None}


def egress(manifest):
    entries = set()
    declared = remotes(manifest)
    for kind in KINDS:
        for item in as_list(dig(manifest, "permissions", "external", *kind.split("."))):
            if isinstance(item, str):
                entries.add((kind, "address", item, None, False))
                continue
            more = (item.get("category"), bool(item.get("inScopeEUD")))
            if item.get("address") is not None:
                entries.add((kind, "address", item["address"], *more))
            if item.get("remote") is not None:
                if item["remote"] in declared:
                    for address in regions(declared[item["remote"]]).values():
                        entries.add((kind, "address", address, *more))
                else:
                    entries.add((kind, "remote", item["remote"], *more))
    return entries


def content(manifest):
    found = dig(manifest, "permissions", "content") or {}
    return {(kind, value) for kind, values in found.items() for value in as_list(values)}


def providers(manifest):
    return {(item.get("key"), item.get("clientId")) for item in as_list(dig(manifest, "providers", "auth"))}


def remote_is_major(old, new, key):
    before, after = remotes(old).get(key), remotes(new)[key]
    was, now = regions(before), regions(after)
    if before is None:
        backend = {entry[2] for entry in egress(old) if entry[0] == "fetch.backend" and entry[1] == "address"}
        known = len(now) > 0 and all(address in backend for address in now.values())
        return not known and not (after.get("configurable") and not now)
    if switched_on(before, after, "storage", "inScopeEUD") or switched_on(before, after, "configurable"):
        return True
    if before.get("configurable") and not now:
        return False
    for region, address in was.items():
        if now.get(region) != address:
            return True
    return any(region not in was and address not in was.values() for region, address in now.items())


def dynamic(manifest):
    triggers = as_list(dig(manifest, "modules", "webtrigger"))
    return {item["key"] for item in triggers if (dig(item, "response", "type") or "dynamic") == "dynamic"}
