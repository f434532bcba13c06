import base64
import json
from datetime import timedelta

import pytest
from django.test import RequestFactory
from tests.foundation.people import person, program, token_for

from tradepost.core import errors
from tradepost.core.errors import InvalidInputError, TradepostError
from tradepost.foundation import audit, problems, rest
from tradepost.foundation.clock import domain_now, machine_now
from tradepost.foundation.models import AuditEntry
from tradepost.foundation.queries import AUDIT_ORDER

ENTRIES = 7


def all_kinds(of=TradepostError):
    for kind in of.__subclasses__():
        yield kind
        yield from all_kinds(kind)


def test_every_error_of_ours_has_a_row_in_the_table():
    import tradepost.server.urls.host
    import tradepost.server.urls.marketplace  # noqa: F401  with the errors of all domains

    named = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, TradepostError)}
    assert set(problems.TABLE) >= named - {TradepostError}
    assert not [kind for kind in all_kinds() if not any(base in problems.TABLE for base in kind.__mro__)]


def test_a_problem_page_and_a_problem_object_say_the_same():
    error = InvalidInputError("Too short.", "/name")
    for address in ("/api/1/x", "/wire/1/x", "/rest/x", "/alpha/rest/atlassian-connect/1/x"):
        answer = problems.answer_for(RequestFactory().get(address), error)
        assert answer["Content-Type"] == "application/problem+json"
        assert json.loads(answer.content) == {
            "type": "urn:tradepost:problem:invalid-input",
            "title": "Invalid input",
            "status": 422,
            "detail": "Too short.",
            "request_id": "",
            "problems": [{"pointer": "/name", "text": "Too short.", "rule": ""}],
        }


@pytest.mark.django_db
def test_without_a_token_there_is_nothing_to_see():
    for client in (program(), program("tp_wrong"), program("tph_wrong")):
        answer = client.get("/api/1/me")
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_a_browsers_session_is_no_sign_in_for_rest():
    client = program()
    client.force_login(person())
    assert client.get("/api/1/me").status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"to": NaN}',
        b'{"to": 1, "to": 2}',
        b'{"to": "\\u0000"}',
        b'{"to": "\\ud800"}',
        b"\xff",
        b"[" * 5000,
    ],
)
def test_a_body_that_is_no_object_is_refused_with_a_problem(body):
    client = program(token_for(person(operator=True), "operate"))
    answer = client.put("/api/1/clock", body, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_wrong_values_are_named_by_pointers_all_at_once():
    client = program(token_for(person(operator=True), "operate"))
    answer = client.get("/api/1/audit", {"limit": "0", "action": "x" * 61})
    assert answer.status_code == 422
    assert {each["pointer"] for each in answer.json()["problems"]} == {"/limit", "/action"}
    answer = client.put("/api/1/clock", {"to": "soon"}, content_type="application/json")
    assert [each["pointer"] for each in answer.json()["problems"]] == ["/to"]


@pytest.mark.django_db
def test_unknown_addresses_and_methods_are_problems_too():
    client = program(token_for(person()))
    assert (unknown := client.get("/api/1/nothing")).status_code == 404
    assert unknown["Content-Type"] == "application/problem+json"
    wrong = client.post("/api/1/me")
    assert (wrong.status_code, wrong["Content-Type"]) == (405, "application/problem+json")
    assert wrong["Allow"]


@pytest.mark.django_db
def test_the_api_describes_itself_and_its_page_loads_nothing_from_elsewhere():
    for service in ("marketplace", "host"):
        described = program(service=service).get("/api/1/openapi.json").json()
        assert described["openapi"].startswith("3.1")
        assert described["paths"]["/api/1/clock"]["put"]["operationId"] == "move_clock"
        assert "application/problem+json" in str(described["paths"]["/api/1/clock"]["put"]["responses"])
        page = program(service=service).get("/api/1/").text
        assert "/api/1/clock" in page
        assert "http://" not in page.replace("http://www.w3.org", "")
        assert "https://" not in page


def entries(count):
    from django.db import transaction

    at = domain_now()
    with transaction.atomic():
        audit.record_many(
            [
                audit.entry(
                    f"test.{n}", service="marketplace", actor="t", subject=("x", n), now=at - timedelta(hours=n // 2)
                )
                for n in range(count)
            ]
        )


@pytest.mark.django_db
def test_pages_meet_without_gap_or_overlap_where_times_are_equal():
    entries(ENTRIES)
    rows, seen, after = AuditEntry.objects.all(), [], ""
    while True:
        found = rest.slice_of(rows, order=AUDIT_ORDER, after=after, limit=2)
        seen += [each.id for each in found.items]
        if found.next is None:
            break
        after = found.next
    assert seen == list(rows.order_by(*AUDIT_ORDER).values_list("id", flat=True))
    assert len(seen) == ENTRIES


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!",
        "bnVsbA",
        *(
            base64.urlsafe_b64encode(json.dumps(v).encode()).decode()
            for v in ([], [1, 2], ["a", "b"], ["2026-13-01", "x"])
        ),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(cursor):
    with pytest.raises(InvalidInputError):
        rest.slice_of(AuditEntry.objects.all(), order=AUDIT_ORDER, after=cursor)


@pytest.mark.django_db
def test_the_audit_log_is_for_operators_and_filters():
    entries(3)
    assert program(token_for(person())).get("/api/1/audit").status_code == 403
    client = program(token_for(person("op@example.com", operator=True), "operate"))
    assert [each["action"] for each in client.get("/api/1/audit?action=test.1").json()["items"]] == ["test.1"]
    assert [each["subject_id"] for each in client.get("/api/1/audit?subject=2").json()["items"]] == ["2"]


@pytest.mark.django_db
def test_the_clock_tells_and_moves_and_leaves_an_audit_row():
    operator = person(operator=True)
    client = program(token_for(operator, "operate"))
    told = client.get("/api/1/clock").json()
    assert told["sandbox"] is True
    to = domain_now() + timedelta(hours=5)
    moved = client.put("/api/1/clock", {"to": to.isoformat()}, content_type="application/json")
    assert moved.status_code == 200
    assert domain_now() >= to > machine_now() + timedelta(hours=4)
    assert AuditEntry.objects.filter(action="clock.moved", actor=operator.email).count() == 1
    again = client.put("/api/1/clock", {"to": moved.json()["now"]}, content_type="application/json")
    assert again.status_code == 200
    assert AuditEntry.objects.filter(action="clock.moved").count() == 1
    back = client.put("/api/1/clock", {"to": told["now"]}, content_type="application/json")
    assert back.status_code == 422
    naive = client.put("/api/1/clock", {"to": "2030-01-01T00:00:00"}, content_type="application/json")
    assert naive.status_code == 422


@pytest.mark.django_db
def test_the_clock_is_for_operators_with_the_scope():
    client = program(token_for(person(operator=True), "apps:read"))
    assert client.get("/api/1/clock").status_code == 403
    assert (
        client.put("/api/1/clock", {"to": "2100-01-01T00:00:00Z"}, content_type="application/json").status_code == 403
    )


@pytest.mark.django_db
def test_outside_a_sandbox_the_clock_does_not_move(monkeypatch):
    from dataclasses import replace

    from tradepost.foundation import commands

    client = program(token_for(person(operator=True), "operate"))
    monkeypatch.setattr(commands, "configuration", replace(commands.configuration, sandbox=False))
    answer = client.put("/api/1/clock", {"to": "2100-01-01T00:00:00Z"}, content_type="application/json")
    assert answer.status_code == 409
