import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from tests.foundation.people import browser, person

from tradepost.core.errors import ForbiddenError, UnauthenticatedError
from tradepost.foundation.callers import SCOPES, Caller, caller_of, service_of
from tradepost.foundation.models import User

FOR_OPERATORS = {"operate", "licenses:write"}


def test_a_browser_session_may_use_every_scope_but_those_of_operators():
    caller = Caller(User(email="a@example.com"))
    for scope in set(SCOPES) - FOR_OPERATORS:
        caller.require(scope)
    for scope in FOR_OPERATORS:
        with pytest.raises(ForbiddenError):
            caller.require(scope)


@pytest.mark.parametrize("scopes", [None, {"operate"}, {"licenses:write"}])
def test_an_operators_billing_system_may_change_licenses_and_needs_no_more_for_it(scopes):
    operator = Caller(User(is_operator=True), frozenset(scopes) if scopes else None)
    operator.require("licenses:write")

    assert operator.is_operator == (scopes != {"licenses:write"})
    with pytest.raises(ForbiddenError):
        Caller(User(), operator.scopes).require("licenses:write")


def test_an_operator_in_a_browser_may_operate():
    Caller(User(is_operator=True)).require("operate")


def test_asking_for_a_scope_that_is_none_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="apps:reed"):
        Caller(User()).require("apps:reed")


@pytest.mark.parametrize("user", [AnonymousUser(), User(is_active=False)])
def test_strangers_and_closed_accounts_are_nobody(user):
    request = RequestFactory().get("/")
    request.user = user
    with pytest.raises(UnauthenticatedError):
        caller_of(request)


def test_a_process_for_both_services_tells_them_by_the_host_name():
    request = RequestFactory().get("/")
    assert service_of(request) == "marketplace"
    request.urlconf = "tradepost.server.urls.host"
    assert service_of(request) == "host"


@pytest.mark.django_db
def test_a_stranger_is_sent_to_sign_in_and_comes_back():
    answer = browser().get("/you/tokens/?a=b")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/you/tokens/%3Fa%3Db")


@pytest.mark.django_db
def test_a_form_of_a_stranger_is_not_repeated_after_signing_in():
    assert browser().post("/you/tokens/new/")["Location"] == "/accounts/login/?next=/"


@pytest.mark.django_db
def test_a_part_of_a_page_sends_the_whole_page_to_sign_in():
    answer = browser().get("/clock/working/", headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/accounts/login/?next=/")


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/clock/", "/audit/", "/mails/", "/work/", "/clock/working/"])
@pytest.mark.parametrize("service", ["marketplace", "host"])
def test_pages_of_operators_do_not_exist_for_others(address, service):
    assert browser(person(), service=service).get(address).status_code == 404
    assert browser(person("op@example.com", operator=True), service=service).get(address).status_code == 200
