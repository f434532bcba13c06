"""The editions of an app on pages of other domains."""

from typing import Any

from django import template

from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.editions import queries
from tradepost.marketplace.editions.showing import compared

register = template.Library()


@register.inclusion_tag("editions/public.html")
def public_editions(listing: Listing) -> dict[str, Any]:
    """What each live edition of an app has and costs; nothing where there is none."""
    live = queries.live_draft(listing)
    return {"table": compared(live) if live else None}
