"""A site with people in every role, and its sample project."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from tests.host.browsers import Browser
from tests.host.conftest import person

from tradepost.foundation.callers import Caller
from tradepost.foundation.models import User
from tradepost.host.product.actors import Actor, actor_of, app_actor
from tradepost.host.product.models import Project
from tradepost.host.product.sample import make_sample_project
from tradepost.host.sites.commands import create_site, set_member
from tradepost.host.sites.models import Site

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Place:
    """A site, its project DEMO, and who is there: ann administers, uma and ulf use it, eve is a stranger."""

    site: Site
    project: Project
    operator: Caller

    def caller(self, name: str) -> Caller:
        if name == "olga":
            return self.operator
        return person(f"{name}@people.example")

    def user(self, name: str) -> User:
        return self.caller(name).user

    def actor(self, name: str) -> Actor:
        if name == "app":
            return app_actor(self.site, "acme", "Acme helper")
        return actor_of(self.site, self.user(name) if name != "nobody" else None)

    def browser(self, name: str) -> Browser:
        return Browser(self.caller(name) if name != "nobody" else None)


def make_place(name: str, *, operator: Caller) -> Place:
    site = create_site(name=name.title(), context_path=f"/{name}", by=operator, now=NOW)
    for who, role in {"ann": "admin", "uma": "user", "ulf": "user"}.items():
        person(f"{who}@people.example")
        set_member(site.pk, email=f"{who}@people.example", role=role, by=operator, now=NOW)
    ann = actor_of(site, User.objects.get(email="ann@people.example"))
    return Place(site, make_sample_project(site, ann, NOW), operator)


@pytest.fixture
def place(db: None) -> Place:
    return make_place("here", operator=person("olga@operator.example", operator=True))


@pytest.fixture
def elsewhere(place: Place) -> Place:
    """Another site of the same people."""
    return make_place("there", operator=place.operator)
