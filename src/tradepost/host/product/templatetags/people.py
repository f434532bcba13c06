"""How people and apps are named on pages."""

from typing import Any

from django import template

from tradepost.foundation.models import User
from tradepost.host.product.actors import display_name
from tradepost.host.product.models import Comment, Issue

register = template.Library()


@register.filter
def called(user: User | None) -> str:
    """The name of a person; strangers may read it, so it is never a whole e-mail address."""
    return display_name(user) if user is not None else "nobody"


@register.filter
def author(written: Comment | Issue) -> str:
    """Who wrote a comment or made an issue: a person, or an app by its name."""
    app, user = _writer(written)
    if app:
        return f"{app} (app)"
    return display_name(user) if user is not None else "somebody who is gone"


def _writer(written: Any) -> tuple[str, User | None]:
    if isinstance(written, Comment):
        return written.author_app_name or written.author_app, written.author
    return written.reporter_app_name or written.reporter_app, written.reporter
