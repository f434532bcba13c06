"""What a mail to administrators spells out of what is asked."""

from collections.abc import Iterator

from tradepost.core.consent import Ask
from tradepost.core.manifest_rights import Permission
from tradepost.core.manifest_scopes import connect_scope
from tradepost.host.installing import deployed
from tradepost.host.installing.wording import permission_groups

from .models import Approval

MOST_PERMISSIONS = 20
"""new permissions that a mail spells out; the page has them all"""


def asked(approval: Approval) -> Iterator[str]:
    """What is asked, a sentence each; of a deployed version also what its manifest newly names.

    The approval's version and installation, with what it runs and has granted, are at hand. Rights and price are told
    by the first sentences. May read two manifests.
    """
    yield from Ask.from_json(approval.ask).sentences
    version, granted = approval.version, approval.installation.rights_version
    if granted is None or not granted.is_deployed or not version.is_deployed:
        return
    told = [each for each in deployed.compare(granted, version) if each.kind != "payment" and not _is_right(each)]
    new = [line for group in permission_groups(told) for line in group.changes if line.kind == "new"]
    yield from (f"New: {line.label}" + (f" ({line.name})" if line.name else "") for line in new[:MOST_PERMISSIONS])
    if len(new) > MOST_PERMISSIONS:
        yield f"... and {len(new) - MOST_PERMISSIONS} more; the page has them all."


def _is_right(permission: Permission) -> bool:
    return permission.kind == "scope" and connect_scope(permission.text) is not None
