"""The switch between the environments of an app, on every page of each of them."""

from typing import Any

from django import template

from tradepost.marketplace.catalog import queries
from tradepost.marketplace.catalog.models import Listing

register = template.Library()


@register.inclusion_tag("catalog/environment_switch.html")
def environment_switch(listing: Listing) -> dict[str, Any]:
    """Link to the app's other environments; nothing where it has one alone."""
    siblings = queries.environments_of(listing)
    return {"listing": listing, "siblings": siblings, "others": len(siblings) > 1}
