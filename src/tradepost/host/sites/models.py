"""Sites: one customer's running product each, and who may do what there."""

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower


class Site(models.Model):
    """A site, its zone and maintenance window, and when it next asks the marketplace (`next_check_at`, domain time).

    In development a site stands under a context path (`/alpha`), in production under a host name.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    context_path = models.CharField(max_length=50, blank=True, help_text="/alpha, or empty for a site with a host name")
    host_name = models.CharField(max_length=253, blank=True)
    base_url = models.CharField(max_length=500, unique=True)
    product_type = models.CharField(max_length=20, default="jira")
    zone = models.CharField(max_length=64, default="UTC", help_text="IANA time zone")
    window_start = models.TimeField(default=datetime.time(1, 0))
    window_end = models.TimeField(default=datetime.time(3, 0))
    product_edition = models.CharField(
        max_length=10, default="standard", help_text="of the site's own product; it limits no edition of an app"
    )
    private_listings = models.BooleanField(default=False, help_text="apps may be installed by their address")
    created_at = models.DateTimeField(help_text="domain time")

    next_check_at = models.DateTimeField(help_text="domain time")
    last_check_at = models.DateTimeField(null=True, help_text="domain time, end of the last check that got an answer")
    check_failures = models.PositiveIntegerField(default=0)
    check_problem = models.TextField(blank=True)
    check_lease = models.UUIDField(null=True)
    check_lease_until = models.DateTimeField(null=True, help_text="machine time")

    class Meta:
        indexes = [models.Index(fields=["next_check_at"], name="site_due")]
        constraints = [models.UniqueConstraint(Lower("host_name"), "context_path", name="a_site_has_its_own_address")]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person's role on a site: an administrator decides about apps, a user uses them."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="site_memberships")
    role = models.CharField(max_length=8, choices=[("admin", "administrator"), ("user", "user")])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "user"], name="one_role_per_site")]


class EntryTicket(models.Model):
    """A page that an operator may open once as a member of the site. It goes when it is used or over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True)
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    path = models.CharField(max_length=2100, help_text="on the site's host")
    expires_at = models.DateTimeField(help_text="machine time")

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="entry_over")]
