"""What nobody types by accident, in every place where licenses, customers and tokens are looked for."""

import pytest
from tests.marketplace.browsing import sign_in
from tests.marketplace.test_rest import Program

pytestmark = pytest.mark.django_db
WORDS = ["%00", "%F0%9F%92%A9", "'", "%25", "x" * 5000, "%E2%80%AE"]
FINE = {200, 400, 404, 422}


def statuses(get, *paths):
    return {get(path.format(word)).status_code for path in paths for word in WORDS}


def test_a_billing_system_finds_nothing_by_it(billing, paid):
    customers = ("/customers?q={}", "/customers?reference={}", "/customers?after={}")
    licenses = ("/licenses?app={}", "/licenses?number={}", "/licenses?after={}")
    assert statuses(billing.get, *customers, *licenses) <= FINE


@pytest.mark.parametrize("name", ["q", "app", "edition", "after", "state", "test"])
def test_a_vendor_finds_nothing_by_it(paid, owner, name):
    assert statuses(Program(owner, "apps:read").get, f"/vendors/{paid.vendor_id}/licenses?{name}={{}}") <= FINE
    assert statuses(sign_in(owner).get, f"/license-report/{paid.vendor_id}/?{name}={{}}") <= FINE


def test_an_operator_finds_nothing_by_it(operator, paid):
    pages = ("/customers/?q={}", "/customers/?after={}", "/licenses/?q={}", "/licenses/?app={}")
    assert statuses(sign_in(operator).get, *pages) <= FINE


def test_a_host_service_finds_nothing_by_it(at_host, paid):
    assert statuses(at_host.get, "/wire/1/apps?q={}", "/wire/1/apps?after={}", "/wire/1/apps/x?site={}") <= FINE


@pytest.mark.parametrize("text", ["\0", "a\0b", "x" * 101, ""])
def test_no_act_bears_such_a_name(billing, paid, text):
    assert billing.act("payments", reference=text, period="monthly").status_code in {400, 422}


@pytest.mark.parametrize("text", ["\0", "a\0b"])
def test_no_reason_holds_it(billing, paid, text):
    assert billing.act("payments", reference="a", why=text, period="monthly").status_code in {400, 422}
