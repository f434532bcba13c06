"""What pages of listings, versions and reviews show of a deployed app."""

from typing import Any

from django import template
from django.template import Context

from tradepost.core.states import VersionState
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.deployments import queries
from tradepost.marketplace.deployments.showing import manifest_lines, permission_groups
from tradepost.marketplace.releases.models import AppVersion

register = template.Library()


@register.inclusion_tag("deployments/listing_facts.html", takes_context=True)
def deployed_facts(context: Context, listing: Listing) -> dict[str, Any]:
    """That a listing is deployed from the command line, by whom last, and where its deployments are."""
    app = queries.find_app_of(listing)
    last = queries.last_deployment(app, listing.environment) if app else None
    return {**_time(context), "listing": listing, "app": app, "last": last}


@register.inclusion_tag("deployments/version_facts.html", takes_context=True)
def deployed_version(context: Context, version: AppVersion, *, may_withdraw: bool = False) -> dict[str, Any]:
    """Who deployed a version and with what words, and what it asks for; the button that takes it back, if it may be."""
    deployment = queries.deployment_of(version)
    return {
        **_time(context),
        "version": version,
        "deployment": deployment,
        "permissions": permission_groups(version),
        "may_withdraw": may_withdraw and version.state == VersionState.IN_REVIEW,
    }


@register.inclusion_tag("deployments/manifest.html")
def deployed_manifest(version: AppVersion) -> dict[str, Any]:
    """The manifest of a version, with the modules marked that sites do not show."""
    deployment = queries.deployment_of(version)
    text = queries.get_manifest(version).decode("utf-8", "replace").removeprefix("\ufeff")
    unrendered = deployment.unrendered if deployment else []
    shown = manifest_lines(text, unrendered)
    return {"version": version, "deployment": deployment, "shown": shown, "unrendered": unrendered}


def _time(context: Context) -> dict[str, Any]:
    return {"domain_time": context.get("domain_time")}
