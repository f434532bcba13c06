"""The schema of descriptors at the address that frameworks of apps are pointed to."""

import json

import pytest
from django.test import Client

from tradepost.core.schema import descriptor_schema_draft04

ADDRESS = "/schema/{}-global-schema.json"


@pytest.fixture(autouse=True)
def on_the_host_service(settings):
    settings.ROOT_URLCONF = "tradepost.server.urls.host"


@pytest.mark.parametrize("product", ["jira", "confluence"])
def test_both_products_find_the_schema_and_may_keep_it(product):
    answer = Client().get(ADDRESS.format(product))

    assert answer.status_code == 200
    assert json.loads(answer.content) == json.loads(json.dumps(descriptor_schema_draft04()))
    assert "max-age=86400" in answer["Cache-Control"]


def test_who_has_it_already_is_not_sent_it_again():
    first = Client().get(ADDRESS.format("jira"))
    second = Client(headers={"if-none-match": first["ETag"]}).get(ADDRESS.format("jira"))

    assert (second.status_code, second.content) == (304, b"")


def test_there_is_none_of_other_products():
    assert Client().get(ADDRESS.format("bitbucket")).status_code == 404
