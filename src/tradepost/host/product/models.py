"""The reference product: what a site's people work with, small, but with a place for everything an app adds.

Numbers of rows are ids, as apps expect them ("10012"); on the wire they are texts.
"""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from tradepost.host.sites.models import Site

from .limits import LONGEST_DESCRIPTION, LONGEST_NAME, LONGEST_PROPERTY_KEY, LONGEST_SUMMARY, LONGEST_TEXT

_PERSON = settings.AUTH_USER_MODEL


class Project(models.Model):
    """A project of a site. `last_number` is that of the newest issue; its row is locked while an issue gets the next.

    Anybody may read a public project, without signing in.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="projects")
    key = models.CharField(max_length=10)
    name = models.CharField(max_length=LONGEST_NAME)
    description = models.TextField(blank=True, max_length=LONGEST_DESCRIPTION)
    lead = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    is_public = models.BooleanField(default=False)
    last_number = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(help_text="domain time")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "key"], name="one_project_per_key")]

    def __str__(self) -> str:
        return self.name


class Status(models.Model):
    """Where an issue can stand, per project, in order of `position`. `category` is what programs compare."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="statuses")
    name = models.CharField(max_length=LONGEST_NAME)
    category = models.CharField(
        max_length=13, choices=[("new", "To do"), ("indeterminate", "In progress"), ("done", "Done")]
    )
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_status_per_name")]

    def __str__(self) -> str:
        return self.name


class Issue(models.Model):
    """A thing to do. `version` counts edits, so that nobody writes over what they have not seen.

    `reporter_app` and `reporter_app_name` name the app that made it, where no person did.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="issues")
    number = models.PositiveIntegerField()
    summary = models.CharField(max_length=LONGEST_SUMMARY)
    description = models.TextField(blank=True, max_length=LONGEST_TEXT)
    status = models.ForeignKey(Status, on_delete=models.PROTECT, related_name="+")
    assignee = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    reporter = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    reporter_app = models.CharField(max_length=90, blank=True)
    reporter_app_name = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(help_text="domain time")
    updated_at = models.DateTimeField(help_text="domain time")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="one_issue_per_number")]
        indexes = [
            models.Index(fields=["site", "-updated_at", "-id"], name="issue_newest"),
            models.Index(fields=["project", "-number"], name="issue_listing"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """The name people and apps know it by; needs `project`."""
        return f"{self.project.key}-{self.number}"


class Comment(models.Model):
    """What somebody said about an issue: a person, or an app by its name."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(_PERSON, on_delete=models.SET_NULL, null=True, related_name="+")
    author_app = models.CharField(max_length=90, blank=True)
    author_app_name = models.CharField(max_length=200, blank=True)
    body = models.TextField(max_length=LONGEST_TEXT)
    created_at = models.DateTimeField(help_text="domain time")
    updated_at = models.DateTimeField(help_text="domain time")

    class Meta:
        indexes = [models.Index(fields=["issue", "created_at", "id"], name="comment_listing")]


class EntityProperty(models.Model):
    """JSON that apps keep with an issue, a project or a user of a site. Every app of the site sees it."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=[("issue", "issue"), ("project", "project"), ("user", "user")])
    entity = models.CharField(max_length=36, help_text="the id of the issue or project, the account id of the user")
    key = models.CharField(max_length=LONGEST_PROPERTY_KEY)
    value = models.JSONField()
    updated_at = models.DateTimeField(help_text="domain time")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "kind", "entity", "key"], name="one_value_per_property")]


class Group(models.Model):
    """People of a site under one name. The groups every site has by itself have no row: see permissions.BUILT_IN."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=LONGEST_NAME)

    class Meta:
        constraints = [models.UniqueConstraint("site", Lower("name"), name="one_group_per_name")]

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(_PERSON, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="once_in_a_group")]


class ProjectPermission(models.Model):
    """That a group may do something in a project. A group is known by its name, as on the wire."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="permissions")
    permission = models.CharField(max_length=40)
    group_name = models.CharField(max_length=LONGEST_NAME)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "permission", "group_name"], name="a_permission_once_per_group")
        ]
