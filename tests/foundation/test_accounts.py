import re

import pytest
from django.core.cache import cache
from tests.foundation.people import PASSWORD, browser, person

from tradepost.foundation.models import AuditEntry, OutgoingMail, User

pytestmark = pytest.mark.django_db
NEW = "another long passphrase"


@pytest.fixture(autouse=True)
def _forget_rates():
    cache.clear()
    yield
    cache.clear()


def sign_in(client, email="ada@example.com", password=PASSWORD, **more):
    return client.post("/accounts/login/", {"login": email, "password": password, **more})


def test_a_person_signs_in_and_out():
    user, client = person(), browser()
    assert client.get("/accounts/login/").status_code == 200
    assert sign_in(client)["Location"] == "/"
    assert str(user) in client.get("/you/tokens/").text
    assert client.post("/accounts/logout/").status_code == 302
    assert client.get("/you/tokens/").status_code == 302


def test_signing_in_leads_back_to_where_one_was_but_never_elsewhere():
    person()
    assert sign_in(browser(), next="/you/tokens/")["Location"] == "/you/tokens/"
    for elsewhere in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        assert sign_in(browser(), next=elsewhere)["Location"] == "/"


def test_a_wrong_password_and_an_unknown_person_look_the_same():
    person()
    wrong, unknown = sign_in(browser(), password="no"), sign_in(browser(), email="nobody@example.com")
    assert wrong.status_code == unknown.status_code == 200
    texts = [re.sub(r'value="[^"]*"', "", answer.text) for answer in (wrong, unknown)]
    errors = [re.findall(r"<li>(.*?)</li>", text) for text in texts]
    assert errors[0] == errors[1]


def test_guessing_a_password_is_stopped_after_some_tries():
    person()
    client = browser()
    for _ in range(6):
        sign_in(client, password="no")
    assert "Location" not in sign_in(client).headers


def test_a_closed_account_does_not_sign_in():
    person(is_active=False)
    client = browser()
    sign_in(client)
    assert client.get("/you/tokens/").status_code == 302


def test_strangers_cannot_sign_up():
    client = browser()
    answer = client.post("/accounts/signup/", {"email": "eve@example.com", "password1": NEW, "password2": NEW})
    assert "made by the operator" in answer.text
    assert not User.objects.exists()


def test_an_address_is_not_changed_by_its_owner():
    assert browser(person()).get("/accounts/email/").status_code == 404


@pytest.mark.parametrize("service", ["marketplace", "host"])
def test_a_forgotten_password_is_set_anew_by_a_link_that_works_once(service):
    person()
    client = browser(service=service)
    assert client.post("/accounts/password/reset/", {"email": "ada@example.com"}).status_code == 302
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.service) == ("ada@example.com", service)
    link = re.search(rf"http://{service}\.test(/accounts/password/reset/key/\S+)", mail.text)[1]
    form = client.get(link, follow=True)
    address = form.redirect_chain[-1][0]
    done = client.post(address, {"password1": NEW, "password2": NEW})
    assert done.status_code == 302
    assert sign_in(browser(service=service), password=NEW)["Location"] == "/"
    assert "does not work any more" in browser(service=service).get(link, follow=True).text


def test_a_stranger_who_forgot_a_password_hears_the_same_and_gets_no_mail():
    answer = browser().post("/accounts/password/reset/", {"email": "nobody@example.com"})
    assert answer["Location"] == "/accounts/password/reset/done/"
    assert not OutgoingMail.objects.exists()


def test_a_person_changes_their_password():
    user = person()
    client = browser(user)
    assert client.get("/accounts/password/change/").status_code == 200
    client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert AuditEntry.objects.get().action == "user.password_set"


def test_the_back_office_is_for_operators():
    assert browser().get("/back-office/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    assert browser(person()).get("/back-office/", follow=True).status_code == 404
    client = browser(person("op@example.com", operator=True))
    answer = client.get("/back-office/")
    assert answer.status_code == 200
    assert "'unsafe-inline'" in answer["Content-Security-Policy"]
    for name in (
        "foundation/user",
        "foundation/apitoken",
        "foundation/outgoingmail",
        "catalog/membership",
        "sites/member",
    ):
        assert client.get(f"/back-office/{name}/").status_code == 200
        assert client.get(f"/back-office/{name}/add/").status_code == (200 if name.endswith("user") else 403)


def test_an_operator_makes_a_person_and_closes_them_with_audit_rows():
    client = browser(person("op@example.com", operator=True))
    made = client.post(
        "/back-office/foundation/user/add/", {"email": "Bob@Example.com", "name": "Bob", "is_active": "on"}
    )
    assert made.status_code == 302
    bob = User.objects.get(email="bob@example.com")
    assert not bob.has_usable_password()
    client.post(f"/back-office/foundation/user/{bob.pk}/change/", {"name": "Bob"})
    bob.refresh_from_db()
    assert not bob.is_active
    assert [e.action for e in AuditEntry.objects.order_by("recorded_at")] == ["user.made", "user.changed"]


def test_an_operator_cannot_lock_themselves_out():
    operator = person("op@example.com", operator=True)
    browser(operator).post(f"/back-office/foundation/user/{operator.pk}/change/", {"name": "Op"})
    operator.refresh_from_db()
    assert operator.is_active
    assert operator.is_operator


def test_a_new_person_without_a_password_sets_one_by_mail():
    user = User.objects.create_user("new@example.com")
    browser().post("/accounts/password/reset/", {"email": user.email})
    assert OutgoingMail.objects.filter(to=user.email).exists()
