"""A second reading of what a watched app that becomes a deployed one asks, naive and sharing nothing with the rules."""

from tests.core.manifest_oracle import dig, egress, regions, remotes, scopes

LADDER = ["READ", "WRITE", "DELETE", "PROJECT_ADMIN", "ADMIN"]
COVERED_BY = {
    "read:jira-work": "READ", "write:jira-work": "DELETE", "manage:jira-project": "PROJECT_ADMIN",
    "manage:jira-configuration": "ADMIN", "read:comment:jira": "READ", "write:comment:jira": "WRITE",
}  # fmt: skip


def granted(descriptor):
    found = set()
    for name in descriptor.get("scopes") or []:
        place = LADDER.index(name.upper()) if name.upper() in LADDER else -1
        found |= {name.upper(), *LADDER[: place + 1]}
    return found


def wants(scope):
    name, _, product = scope.partition(":connect-")
    return name.upper().replace("-", "_") if product else COVERED_BY.get(scope)


def asks(descriptor, manifest):
    rights = granted(descriptor)
    if any(wants(scope) not in rights for scope in scopes(manifest)):
        return True
    remote = remotes(manifest).get(dig(manifest, "app", "connect", "remote"))
    if any(address != descriptor["baseUrl"] for address in regions(remote).values()):
        return True
    if dig(manifest, "app", "licensing", "enabled") is True and descriptor.get("enableLicensing") is not True:
        return True
    if "user-access" in (dig(manifest, "app", "licensing", "modes") or []) or dig(manifest, "providers", "auth"):
        return True
    return any(entry[3] == "analytics" for entry in egress(manifest))


def waits_for_a_bulk_upgrade(descriptor, manifest):
    if asks(descriptor, manifest):
        return False
    remote = remotes(manifest).get(dig(manifest, "app", "connect", "remote"))
    return not regions(remote) or any(":connect-" not in scope for scope in scopes(manifest))
