"""What pages of a site say to show apps: `{% load app_modules %}{% app_modules "location" %}`.

Every tag reads `visit`, `project` and `issue` from the page's context; keyword arguments come before those. Where no
app has anything for the place, nothing is rendered.
"""

from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

NOTHING = mark_safe("")


@register.simple_tag(takes_context=True)
def app_modules(context: Context, location: str, **objects: Any) -> SafeString:  # noqa: ARG001  soon
    """Web panels and web items at a location, as sections."""
    return NOTHING


@register.simple_tag(takes_context=True)
def app_links(context: Context, location: str, **objects: Any) -> SafeString:  # noqa: ARG001  soon
    """Pages and web items at a location, as entries (`<li>`) of a menu."""
    return NOTHING


@register.simple_tag(takes_context=True)
def app_issue_context(context: Context, **objects: Any) -> SafeString:  # noqa: ARG001  soon
    """The issue contexts and glances of an issue, as panels that open on demand."""
    return NOTHING
