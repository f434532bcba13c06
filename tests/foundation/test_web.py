import logging

import pytest
from django.http import Http404
from django.test import RequestFactory
from django.urls import path
from tests.foundation.people import browser, person, program

from tradepost.core.errors import ConflictError, UnauthenticatedError
from tradepost.foundation import problems
from tradepost.foundation.configuration import configuration
from tradepost.server.urls import marketplace

pytestmark = pytest.mark.django_db

RAISED = {
    "conflict": ConflictError("The listing is public already."),
    "stranger": UnauthenticatedError("Who are you?"),
    "missing": Http404(),
    "bug": RuntimeError("the password is hunter2"),
}


def stumble(request, what):
    raise RAISED[what]


urlpatterns = [path("api/1/stumble/<what>", stumble), path("stumble/<what>", stumble), *marketplace.urlpatterns]
handler400, handler403, handler404, handler500 = (
    marketplace.handler400,
    marketplace.handler403,
    marketplace.handler404,
    marketplace.handler500,
)


@pytest.fixture
def client(settings, client):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


def test_every_answer_says_what_a_page_may_load_and_carries_an_id():
    for address in ("/accounts/login/", "/nothing", "/healthz", "/api/1/openapi.json"):
        answer = browser().get(address)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert len(answer["X-Request-Id"]) == 16
        assert answer["X-Frame-Options"] == "DENY"


def test_pages_have_no_inline_scripts_styles_or_handlers():
    client = browser(person(operator=True))
    for address in (
        "/accounts/password/change/",
        "/you/tokens/",
        "/clock/",
        "/audit/",
        "/work/",
        "/mails/",
        "/api/1/",
    ):
        text = client.get(address).text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text
        assert "<script>" not in text


def test_pages_of_people_who_are_signed_in_are_not_kept():
    assert browser(person()).get("/you/tokens/")["Cache-Control"] == "no-store"
    assert not browser().get("/api/1/").has_header("Cache-Control")


def test_a_request_that_is_too_large_is_refused_before_it_is_read():
    body = b"x" * (configuration.limits.request_bytes + 1)
    answer = program().post("/api/1/tokens", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    page = browser().post("/accounts/login/", body, content_type="application/x-www-form-urlencoded")
    assert page.status_code == 413


def test_an_address_that_is_too_long_or_has_a_nul_is_refused():
    assert program().get("/api/1/me?" + "x" * 9000).status_code == 414
    assert browser().get("/?" + "x" * 9000).status_code == 414
    assert browser().get("/audit/?actor=%00").status_code == 400


def test_an_error_of_ours_is_a_page_for_people_and_a_problem_for_programs(client):
    page = client.get("/stumble/conflict")
    assert page.status_code == 409
    assert "The listing is public already." in page.text
    problem = client.get("/api/1/stumble/conflict")
    assert (problem.status_code, problem.json()["detail"]) == (409, "The listing is public already.")
    assert problem.json()["request_id"] == problem["X-Request-Id"]


def test_a_stranger_is_sent_to_sign_in_by_pages_and_refused_by_programs(client):
    assert client.get("/stumble/stranger")["Location"] == "/accounts/login/?next=/stumble/stranger"
    assert client.get("/api/1/stumble/stranger").status_code == 401


def test_what_nobody_expected_is_logged_under_an_id_and_told_to_nobody(client, caplog):
    for address in ("/stumble/bug", "/api/1/stumble/bug"):
        caplog.clear()
        with caplog.at_level(logging.ERROR):
            answer = client.get(address)
        assert answer.status_code == 500
        assert "hunter2" not in answer.text
        assert "RuntimeError" not in answer.text
        assert answer["X-Request-Id"] in answer.text
        assert answer["X-Request-Id"] in caplog.text
        assert "hunter2" in caplog.text


def test_the_page_for_our_own_mistakes_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/stumble/bug")
    assert "<h1>Something went wrong here</h1>" in answer.text


def test_not_found_is_not_found_everywhere(client):
    for address in ("/stumble/missing", "/nothing/at/all"):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "<h1>Not found</h1>" in answer.text
    assert client.get("/api/1/stumble/missing")["Content-Type"] == "application/problem+json"


def test_a_part_of_a_page_gets_only_the_message(client):
    answer = client.get("/stumble/conflict", headers={"hx-request": "true"})
    assert "<html" not in answer.text
    assert "public already" in answer.text


def test_a_method_that_is_not_known_is_told_with_those_that_are():
    answer = browser().get("/you/tokens/00000000-0000-0000-0000-000000000001/revoke/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_form_without_our_token_is_refused_with_a_page():
    client = browser(person(), enforce_csrf_checks=True)
    answer = client.post("/you/tokens/new/", {"name": "x", "scopes": ["apps:read"], "days": "7"})
    assert answer.status_code == 403
    assert "load the page again" in answer.text


def test_a_name_that_is_not_ours_is_refused():
    answer = browser().get("/accounts/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400


def test_every_status_we_answer_has_a_title():
    answer = problems.answer_status(RequestFactory().get("/api/1/x"), 418, "short and stout")
    assert (answer.status_code, answer["Content-Type"]) == (418, "application/problem+json")


def test_health_says_little_and_readiness_says_what_is_missing():
    assert browser().get("/healthz").json() == {"status": "up"}
    answer = browser().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "database": "ok", "migrations": "ok", "worker": "missing"}
