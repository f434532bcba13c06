"""Who acts in the product: a person, nobody in particular, or an app in its own name."""

from dataclasses import dataclass

from tradepost.foundation.models import User
from tradepost.host.sites.models import Member, Site
from tradepost.host.sites.queries import ADMIN

from .models import GroupMember

ADMINS_GROUP = "site-admins"
"""The group of a site's administrators, which nobody has to keep."""

USERS_GROUP = "users"
"""The group of everybody with a role on a site, which nobody has to keep."""

BUILT_IN = (ADMINS_GROUP, USERS_GROUP)


@dataclass(frozen=True, slots=True)
class Actor:
    """One who acts on one site. No `user` and no `app_key` is a visitor who has not signed in.

    `groups` holds the names of all groups the person is in, in lower case; they are empty for people without a role
    on the site, who are visitors here even if they are signed in elsewhere.
    """

    site: Site
    user: User | None = None
    groups: frozenset[str] = frozenset()
    app_key: str = ""
    app_name: str = ""

    @property
    def is_app(self) -> bool:
        """Whether an app acts as itself, and not as a person."""
        return bool(self.app_key)

    @property
    def is_member(self) -> bool:
        return USERS_GROUP in self.groups

    @property
    def is_admin(self) -> bool:
        return ADMINS_GROUP in self.groups

    @property
    def account_id(self) -> str | None:
        """The account id on the wire; None for a visitor."""
        if self.is_app:
            return app_account_id(self.app_key)
        return account_id(self.user) if self.user is not None else None

    @property
    def name(self) -> str:
        """The name under which the audit log knows them."""
        if self.is_app:
            return f"app:{self.app_key}"
        return self.user.email if self.user is not None else "anonymous"


def account_id(user: User) -> str:
    """Return what apps know a person by."""
    return str(user.pk)


def display_name(user: User) -> str:
    """Return a person's name; where they gave none, the part of their address that is no address."""
    return user.name or user.email.partition("@")[0]


def app_account_id(key: str) -> str:
    """Return what apps know an app by, where it stands in the place of a person."""
    return f"app:{key}"


def actor_of(site: Site, user: User | None) -> Actor:
    """Return a person as they stand on a site; people without a role there, and closed accounts, are visitors."""
    if user is None or not user.is_active:
        return Actor(site)
    role = Member.objects.filter(site=site, user=user).values_list("role", flat=True).first()
    if role is None:
        return Actor(site)
    built_in = BUILT_IN if role == ADMIN else (USERS_GROUP,)
    own = GroupMember.objects.filter(group__site=site, user=user).values_list("group__name", flat=True)
    return Actor(site, user, frozenset((*built_in, *(name.lower() for name in own))))


def app_actor(site: Site, key: str, name: str) -> Actor:
    """Return an app that acts in its own name. What it may do is bounded by its scopes before it comes here."""
    return Actor(site, app_key=key, app_name=name[:200])
