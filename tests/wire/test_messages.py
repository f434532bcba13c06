"""The messages of the contract: what they hold, what they refuse, and that the addresses they are sent to exist."""

import json
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from django.urls import Resolver404, resolve

from tradepost.wire import messages, openapi

REPORT = {
    "id": str(UUID(int=1)),
    "sequence": 1,
    "site": str(UUID(int=2)),
    "app": "com.example.app",
    "running": "1.0.0",
    "state": "current",
    "at": "2026-03-02T09:00:00Z",
    "since": "2026-03-02T09:00:00Z",
}


def read(message, kind):
    return msgspec.json.decode(json.dumps(message).encode(), type=kind)


def test_a_message_survives_the_way_and_back():
    report = read(REPORT, messages.Report)

    assert report.at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert msgspec.json.decode(msgspec.json.encode(report), type=messages.Report) == report


def test_fields_of_a_newer_contract_are_ignored_and_new_ones_have_defaults():
    report = read({**REPORT, "mood": "good"}, messages.Report)

    assert (report.target, report.until, report.enabled) == (None, None, True)


@pytest.mark.parametrize("kind", [messages.Report, messages.OfferedVersion, messages.CheckAnswer, messages.Catalog])
def test_messages_cannot_be_changed(kind):
    assert kind.__struct_config__.frozen


@pytest.mark.parametrize(
    "change",
    [{"app": ""}, {"app": "a b"}, {"app": "x" * 65}, {"running": "1"}, {"running": "1.0.0-AC"}, {"at": "soon"}],
)
def test_values_that_are_not_of_the_contract_are_refused(change):
    with pytest.raises(msgspec.ValidationError):
        read({**REPORT, **change}, messages.Report)


def test_a_batch_has_a_limit():
    assert len(read({"reports": [REPORT] * messages.MOST_REPORTS}, messages.Reports).reports) == messages.MOST_REPORTS
    with pytest.raises(msgspec.ValidationError):
        read({"reports": [REPORT] * (messages.MOST_REPORTS + 1)}, messages.Reports)


def test_every_address_of_the_document_is_one_of_the_marketplace():
    for path in openapi.document()["paths"]:
        assert resolve(path.replace("{key}", "com.example.app").replace("{sha256}", "0" * 64))
    with pytest.raises(Resolver404):
        resolve("/wire/2/checks")


def test_every_message_the_document_names_is_described_in_it():
    document = openapi.document()
    named = {part.partition('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]}

    assert named <= set(document["components"]["schemas"])
