"""From a vendor's address to a site's offer."""

import json
import uuid

import pytest
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor

from tradepost.marketplace.hosts.models import SiteRecord

pytestmark = pytest.mark.django_db

SITE = uuid.UUID(int=1)


def ask(client, path, message, credential):
    headers = {"Authorization": f"Bearer {credential}"}
    return client.post(path, json.dumps(message), content_type="application/json", headers=headers)


def check(client, credential, version, *, app="com.example.app"):
    site = {
        "site": str(SITE),
        "base_url": "http://alpha.test",
        "name": "Alpha",
        "installations": [{"app": app, "version": version}],
    }
    return ask(client, "/wire/1/checks", {"sites": [site]}, credential)


def test_a_change_at_the_vendors_address_is_offered_to_a_site_that_asks(client, server, public_listing, host):
    _, credential = host
    server.serve(descriptor(modules={"webPanels": [{"key": "panel", "url": "/new"}]}))

    poll(public_listing, START + 5 * HOUR)
    answer = check(client, credential, "1.0.0")

    assert answer.status_code == 200, answer.content
    nothing_more = {"not_before": None, "rollout": None}
    offer = {"site": str(SITE), "app": "com.example.app", "version": "1.0.1"}
    assert answer.json()["offers"] == [offer | nothing_more]
    (version,) = answer.json()["versions"]
    assert version["reasons"][0]["rule"] == "module.changed"
    assert SiteRecord.objects.get().name == "Alpha"
