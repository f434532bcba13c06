import importlib
import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import get_resolver

import tradepost
from tradepost.foundation.models import User

SOURCE = Path(tradepost.__file__).parent
FACES = ("pages", "wire", "views", "api")


def faces(service):
    """Return the modules of a service's domains that have addresses."""
    found = [p for name in FACES for p in sorted((SOURCE / service).glob(f"*/{name}.py"))]
    return [importlib.import_module(f"tradepost.{service}.{p.parent.name}.{p.stem}") for p in found]


def flat(patterns):
    """Return the patterns with those that others include."""
    return [
        deep for each in patterns for deep in (flat(each.url_patterns) if hasattr(each, "url_patterns") else [each])
    ]


@pytest.mark.parametrize("service", ["marketplace", "host"])
def test_whatever_a_domain_offers_has_its_address(service):
    mounted = {each.callback for each in flat(get_resolver(f"tradepost.server.urls.{service}").url_patterns)}
    described = Client(headers={"host": f"{service}.test"}).get("/api/1/openapi.json").json()["paths"]
    for module in faces(service):
        offered = flat([*getattr(module, "urls", []), *getattr(module, "site_urls", [])])
        assert [each for each in offered if each.callback not in mounted] == [], module.__name__
        router = getattr(module, "router", None)
        for path in router.path_operations if router else ():
            assert re.sub(r"\{\w+:", "{", f"/api/1{path}") in described, f"{module.__name__}: {path}"


@pytest.mark.parametrize("service", ["marketplace", "host"])
def test_names_of_addresses_are_used_once(service):
    resolver = get_resolver(f"tradepost.server.urls.{service}")
    names = [p.name for p in resolver.url_patterns if getattr(p, "name", None)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.django_db
@pytest.mark.parametrize("service", ["marketplace", "host"])
def test_each_service_has_a_front_page_for_everybody(service):
    client = Client(headers={"host": f"{service}.test"})
    assert "/accounts/login/" in client.get("/", follow=True).text
    client.force_login(User.objects.create_user("ada@example.com"))
    assert client.get("/", follow=True).status_code == 200
