"""Draws docs/reference/records.md: what the audit log records, what vendors are told, what background work there is."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tradepost.core.states import MACHINES
from tradepost.foundation.callers import SCOPES
from tradepost.marketplace.notices.commands import NoticeKind

SOURCE = Path(__file__).resolve().parents[1]
HEAD = """# What is recorded and told

Drawn from the code by `python -m tradepost.testing.draw`; a test fails when this page is out of date.
"""

AUDIT = """Every change of state writes one row in the same transaction: who (an e-mail address or the name of a job),
what, to which thing, when in domain time and when in machine time. A vendor reads the rows of their apps, an
administrator those of their sites, an operator all.
"""

ACTIONS: Mapping[str, str] = {
    "access_token.applied": "A site began to use an access token; at the first use it is bound to the site.",
    "access_token.expired": "Nobody had used an access token before the time its vendor set.",
    "access_token.made": "A vendor made an access token for one of their apps.",
    "access_token.removed": "A vendor removed an access token for good.",
    "access_token.renewed": "A vendor made a new link; the one before is worthless.",
    "access_token.simulated": "A site or a vendor chose what an access token makes the license look like.",
    "access_token.withdrawn": "A site stopped using its access token, or began to use another one.",
    "address.held": "An app that a site reads by its address made too many versions in a day; no more are made.",
    "address.install_asked": "An administrator wished for the app at an address.",
    "address.poll_asked": "An administrator asked to read an app's address now.",
    "address.problem": "A site's poll found a descriptor that cannot be taken, or nobody to answer.",
    "address.recovered": "An address that could not be read can be read again.",
    "address.set": "A site reads an app by this address from now on.",
    "address.version_made": "A site numbered a version of an app that it reads by its address.",
    "app.acts_as_user": "An app got a token by which it acts as a user of the site for some minutes.",
    "approval.approved": "An administrator approved what was asked.",
    "approval.asked": "A version asks a site for more; its administrators are told by mail.",
    "approval.declined": "An administrator declined what was asked.",
    "approval.superseded": "A request became needless: the ask changed, or nothing is asked any more.",
    "approval.used": "An upgrade used an approval.",
    "bulk_site.moved": "A site of a rollout that a vendor started came to run the version, failed, or left.",
    "bulk_upgrade.cancelled": "A vendor stopped a rollout; sites that were upgraded stay upgraded.",
    "bulk_upgrade.ended": "No site of a rollout is pending any more, or those that were had the time to answer.",
    "bulk_upgrade.started": "A vendor started a rollout between majors.",
    "call.replay_asked": "A person had a call to an app sent anew.",
    "clock.moved": "An operator moved domain time in a sandbox.",
    "customer.billing_moved": "A customer is billed in another way from now on; all hosts concerned are told.",
    "customer.changed": "A customer got another name, address or reference.",
    "customer.made": "A customer was made: by an operator or billing system, or for a site that needed one.",
    "deploy_token.exchanged": "A build that proved who it is got a deploy token for some minutes.",
    "deploy_token.made": "A person made a deploy token for one environment of an app.",
    "deploy_token.revoked": "A person revoked a deploy token.",
    "deployed_app.registered": "A person registered an app that is deployed from the command line.",
    "deployment.made": "A person or a build deployed a manifest; it made a version.",
    "deployment.refused": "A manifest was not deployed, and why; nothing else of it is kept.",
    "editions.approved": "An operator agreed: what a vendor submitted of editions is live.",
    "editions.drafted": "A vendor changed features or prices of an app's editions.",
    "editions.rejected": "An operator rejected what a vendor submitted of editions; the draft stays.",
    "editions.submission_withdrawn": "A vendor took a submission of editions back.",
    "editions.submitted": "A vendor asked for the review that lets editions, or changes of them, go live.",
    "editions.withdrawn": "An app is offered without editions again; nobody paid for more than Standard.",
    "customer.removed": "A customer without sites was forgotten.",
    "customer.site_assigned": "A site was given to another customer.",
    "group.created": "An administrator made a group on a site.",
    "group.deleted": "An administrator deleted a group, with what it was granted in projects.",
    "group.member_added": "An administrator put a person into a group.",
    "group.member_removed": "An administrator took a person out of a group.",
    "host.enrolled": "A host service enrolled with its one-time code.",
    "host.invited": "An operator made a host service and its one-time code.",
    "host.invited_again": "An operator made a new one-time code for a host service.",
    "host.revoked": "An operator revoked a host service's credential.",
    "installation.disabled": "An administrator switched an app off.",
    "installation.enabled": "An administrator switched an app on.",
    "installation.install_failed": "An app did not accept its first `installed` call.",
    "installation.install_requested": "An administrator asked for an app.",
    "installation.installed": "An app accepted `installed`; it runs.",
    "installation.return_failed": "An app that had been uninstalled did not accept `installed`; it stays gone.",
    "installation.uninstalled": "An administrator removed an app.",
    "key.rotated": "The host service signs with a new key; the old public key stays readable.",
    "license.bought": "A site began to pay for an app.",
    "license.cancelled": "A subscription was cancelled; it runs to the end of what was paid for.",
    "license.changed": "An operator or billing system corrected a license: type, user tier, period or edition.",
    "license.edition_changed": "The edition that had been chosen came into force at the end of a period.",
    "license.edition_kept": "An administrator of a site took back a change of edition that was to come.",
    "license.edition_switched": "An administrator of a site chose another edition.",
    "license.edition_trial_ended": "The trial of a higher edition ended.",
    "license.edition_trial_started": "An administrator of a site tries a higher edition.",
    "license.ended": "A license was ended at once.",
    "license.made": "A billing system had the record of a site and an app made, to be paid for.",
    "license.paid": "A running subscription was paid that renews by itself, or its first period was.",
    "license.ran_out": "A trial or a subscription is over.",
    "license.renewed": "A period of a subscription ended and the next began, or was paid.",
    "license.resumed": "A cancellation was taken back.",
    "license.seen": "What an app sees of its license at a site changed, as its marketplace decided.",
    "license.simulated": "An administrator of a site chose what its access token looks like.",
    "license.token_applied": "A site uses an access token for an app; its first characters are told.",
    "license.token_removed": "An administrator of a site stopped using its access token for an app.",
    "license.trial_set": "An operator or billing system moved the end of a trial.",
    "license.trial_started": "A site began its trial of an app.",
    "license.wished": "An administrator of a site handed a wish about a license on to the marketplace, which decided.",
    "listing.approved": "A listing became public.",
    "listing.degraded": "Polls of an app have failed several times in a row.",
    "listing.deployed": "A watched app is deployed by its vendor from now on; its address is not polled any more.",
    "listing.descriptor_url_changed": "The vendor changed where the descriptor is.",
    "listing.held": "An app made too many versions in a day; no more are made.",
    "listing.made": "A vendor listed an app.",
    "listing.made_private": "A public listing became private again.",
    "listing.poll_requested": "The vendor asked for a poll now.",
    "listing.problem": "A poll found a descriptor that cannot be read or listed, or nobody to answer.",
    "listing.recovered": "A descriptor that could not be read can be read again.",
    "listing.rejected": "An operator rejected a listing; it stays private.",
    "listing.resumed": "A held listing makes versions again.",
    "listing.submitted": "A vendor asked for the review that makes a listing public.",
    "listing.withdrawn": "A vendor took that back.",
    "mail.repeated": "An operator had a mail that was given up sent again.",
    "marketplace.enrolled": "The host service enrolled at a marketplace.",
    "project.changed": "A project got another name or description, or was opened to everybody or closed.",
    "project.created": "An administrator made a project.",
    "project.deleted": "An administrator deleted a project with everything in it.",
    "project.permission_granted": "A group may do something in a project.",
    "project.permission_revoked": "A group may no longer do something in a project.",
    "review.approved": "An operator approved a review.",
    "review.opened": "A listing, a version or editions wait for an operator.",
    "review.rejected": "An operator rejected a review, with a comment.",
    "review.superseded": "The review is needless: a newer version came, or the change was taken back.",
    "secret.refused": "An app did not take the new secret it was offered; the old one stays in force.",
    "secret.rotated": "An app took its new secret, which is in force from now on.",
    "secret.rotation_asked": "A person had an app be offered a new secret.",
    "site.check_asked": "An administrator asked for a check now.",
    "site.created": "A site was made.",
    "site.member_set": "A person got a role on a site, or lost it.",
    "site.moved": "An operator gave a site another address; its apps are told.",
    "site.private_listings_set": "A site takes apps by address, installation links and access tokens, or no longer.",
    "site.product_edition_set": "The edition of a site's own product was set; it limits no app.",
    "site.window_changed": "A site's maintenance window or zone was set.",
    "token.made": "A person made an API token.",
    "token.revoked": "A person revoked an API token.",
    "trusted_build.made": "A person of a vendor trusted builds with certain claims to deploy an app.",
    "trusted_build.removed": "Such builds are trusted no longer; the tokens that they held ended.",
    "upgrade.failed": "The app did not accept a call; the upgrade is tried again.",
    "upgrade.given_up": "A first installation ended without success.",
    "upgrade.scheduled": "An upgrade was planned.",
    "upgrade.started": "A worker took an upgrade up.",
    "upgrade.succeeded": "The app accepted; the site runs the version.",
    "upgrade.superseded": "A newer version, a decline or an uninstall took the place of an upgrade.",
    "upgrade.waits": "An installation waits, with the reason and the end.",
    "user.acted_as": "An operator asked for the address of a module or a page as a member of a site, or as a visitor.",
    "user.password_set": "A person chose a password.",
    "vendor.created": "An operator made a vendor.",
    "vendor.editions_closed": "An operator closed editions to a vendor; live ones stay.",
    "vendor.editions_opened": "An operator opened editions to a vendor before they are open to all.",
    "vendor.member_set": "A person got a role at a vendor, or lost it.",
    "version.made": "A version was made and numbered, with its reasons.",
    "version.notes_written": "A vendor wrote release notes.",
    "version.offered": "Sites may move to the version.",
    "version.rejected": "An operator rejected the version.",
    "version.review_due": "A version that had been offered needs a review after all.",
    "version.superseded": "A newer version was offered before this one's review ended.",
    "version.withdrawn": "A vendor took back a deployed version before a site was told of it.",
    "webhook.replayed": "A person had a webhook delivered once more.",
    "webhook.sent_by_hand": "A person sent an event to the apps of a site, to try them.",
    "work.repeated": "An operator had a job that failed run again.",
}
"""What each audit action records. A test fails for one without an entry."""

NOTICES: Mapping[NoticeKind, str] = {
    NoticeKind.LISTED: "The app is listed: its first version was made.",
    NoticeKind.VERSION: "A new version was made, with its number and reasons.",
    NoticeKind.PROBLEM: "The descriptor cannot be read or listed; nothing moves until it can.",
    NoticeKind.DEGRADED: "Polls have failed several times in a row.",
    NoticeKind.RECOVERED: "The descriptor can be read again.",
    NoticeKind.REFUSED: "A change is against the rules: `apiVersion` was lowered or `key` changed.",
    NoticeKind.HELD: "Too many versions in a day; no more are made until somebody looks.",
    NoticeKind.REVIEW_APPROVED: "An operator approved the listing or the version.",
    NoticeKind.REVIEW_REJECTED: "An operator rejected it, with a comment that says why.",
    NoticeKind.VERSION_LEFT: "The last site has left a version; code kept for it can go.",
    NoticeKind.ROLLOUT_ENDED: "A rollout that the vendor started has ended, with what became of its sites.",
}
"""What a vendor learns from each kind of notice. A test fails for one without an entry."""

EVENTS: Mapping[str, list[str]] = {
    f"{machine.name}.": sorted({f"{machine.name}.{event}" for row in machine.transitions.values() for event in row})
    for machine in MACHINES
}
"""`f"listing.{event}"` records any event of that machine."""

_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
_RECORDERS = re.compile(r"^_?(record\w*|entry|audit\w*|\w+_entry)$")


def draw() -> str:
    """Return the page; what nobody has given a meaning has an empty one, which `find_gaps` names."""
    return "\n".join(
        [
            HEAD,
            "## Audit actions\n",
            AUDIT,
            *_table("action", ((name, ACTIONS.get(name, "")) for name in find_actions())),
            "## Notices to vendors\n",
            "A notice stands on the listing's page and goes by mail to each of the vendor's people, once.\n",
            *_table("kind", ((kind.value, NOTICES.get(kind, "")) for kind in NoticeKind)),
            "## Scopes of API tokens\n",
            "A token is limited to some of these, and never may do more than the person who made it.\n",
            *_table("scope", SCOPES.items()),
        ]
    )


def find_gaps() -> list[str]:
    """Return what has no meaning here, and meanings of what is not in the code."""
    kinds = {kind.value for kind in NoticeKind} - {kind.value for kind in NOTICES}
    return sorted(set(find_actions()) ^ set(ACTIONS)) + sorted(kinds)


def find_actions() -> list[str]:
    """Return every audit action that the source of a service names, sorted."""
    found: set[str] = set()
    for service in ("foundation", "marketplace", "host"):
        for path in sorted((SOURCE / service).rglob("*.py")):
            found.update(_actions_in(ast.parse(path.read_text(encoding="utf-8"))))
    return sorted(found)


def _actions_in(tree: ast.Module) -> Iterator[str]:
    """An action is a dotted word handed to a function that records; also where it is chosen by an `if`."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _RECORDERS.match(_name_of(call.func)):
            given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "action")]
            for value in given:
                yield from _texts(value)


def _texts(value: ast.expr) -> Iterator[str]:
    choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    if isinstance(value, ast.JoinedStr) and isinstance(value.values[0], ast.Constant):
        yield from EVENTS.get(str(value.values[0].value), ())
    for choice in choices:
        if isinstance(choice, ast.Constant) and isinstance(choice.value, str) and _ACTION.fullmatch(choice.value):
            yield choice.value


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _table(name: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {name} | means |"
    yield "|---|---|"
    for word, text in rows:
        yield f"| `{word}` | {text} |"
    yield ""
