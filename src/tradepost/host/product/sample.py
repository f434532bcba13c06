"""A small project that makes a new site worth looking at."""

from datetime import datetime, timedelta

from django.db import transaction

from tradepost.host.sites.models import Site

from . import administration, commands
from .actors import Actor
from .commands import Edit
from .models import Project
from .queries import find_statuses

KEY = "DEMO"
_ISSUES = (
    ("Say hello to the first visitors", "A short text for the front page.\n\nTwo sentences are enough.", 2),
    ("Order chairs for the meeting room", "Eight of them, and a plant.", 1),
    ("Find out why the export is slow", "It takes a minute for 2,000 rows. It took ten seconds in spring.", 1),
    ("Write down how to take a day off", "", 0),
    ("Try an app on this page", "Install one from the catalogue, then look beside this text.", 0),
)
_COMMENTS = (
    (1, "The plant should need little light."),
    (2, "It is the sorting: without it the export is quick."),
    (2, "Then let the database sort.\n\nI shall try that tomorrow."),
)


@transaction.atomic
def make_sample_project(site: Site, by: Actor, now: datetime) -> Project:
    """Make the project DEMO with five issues and some comments, or return the one that is there.

    `by` is an administrator of the site, who reports and says everything; the oldest of it is `now` minus some hours.
    """
    existing = Project.objects.filter(site=site, key=KEY).first()
    if existing is not None:
        return existing
    at = now - timedelta(hours=len(_ISSUES))
    project = administration.create_project(
        site, key=KEY, name="Demonstration", description="A project to try things in.", by=by, now=at
    )
    statuses = find_statuses(project)
    keys = []
    for summary, description, status in _ISSUES:
        at += timedelta(minutes=50)
        mine = by.account_id if status == 1 and by.account_id else ""
        issue = commands.create_issue(KEY, summary=summary, description=description, assignee=mine, by=by, now=at)
        commands.edit_issue(issue.key, Edit(status=statuses[status].pk), by=by, now=at)
        keys.append(issue.key)
    for number, text in _COMMENTS:
        at += timedelta(minutes=5)
        commands.add_comment(keys[number], body=text, by=by, now=at)
    return project
