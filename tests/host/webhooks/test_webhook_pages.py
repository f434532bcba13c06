"""The page of an app's webhooks: what was sent, what came of it, and sending one again."""

import pytest
from tests.host.browsers import Browser, text_of
from tests.host.conftest import person
from tests.host.webhooks.test_webhooks import deliver, listener, webhook  # noqa: F401  a fixture

from tradepost.core.errors import ForbiddenError
from tradepost.foundation.clock import domain_now
from tradepost.host.sites.commands import set_member
from tradepost.host.webhooks.commands import send_test_event
from tradepost.host.webhooks.models import Delivery
from tradepost.host.webhooks.queries import find_deliveries

EVENT = "jira:issue_created"
PAGE = "/alpha/apps/demo/webhooks/"


@pytest.fixture
def alpha(world):
    world.now = domain_now()
    world.publish("1.1.0", modules={"webhooks": [webhook(EVENT)]})
    site = world.site("alpha")
    world.install(site)
    return site


@pytest.fixture
def admin(world, alpha):
    return Browser(world.admins[alpha.pk])


def send(world, site, **payload):
    return send_test_event(site.pk, EVENT, app_key=None, payload=payload, by=world.admins[site.pk], now=domain_now())


def test_an_administrator_reads_what_was_sent_and_what_came_of_it(world, alpha, admin, listener):  # noqa: F811
    assert "None yet." in text_of(admin.get(PAGE))
    assert PAGE in admin.get("/alpha/apps/demo/").content.decode()
    send(world, alpha, mark="<b>seven</b>")
    assert "waits" in text_of(admin.get(PAGE))
    deliver(domain_now())

    shown = admin.get(PAGE)

    assert "delivered" in text_of(shown)
    assert "status 204" in text_of(shown)
    assert "<b>seven</b>" not in shown.content.decode()
    assert "&lt;b&gt;seven" in shown.content.decode()


def test_a_delivery_is_sent_again_by_a_button_once_it_is_over(world, alpha, admin, listener):  # noqa: F811
    send(world, alpha)
    waiting = Delivery.objects.get()
    assert "replays" not in admin.get(PAGE).content.decode()
    assert admin.post(f"{PAGE}{waiting.id}/replays/").status_code == 403
    deliver(domain_now())

    admin.submit(PAGE, f"{PAGE}{waiting.id}/replays/")
    deliver(domain_now())

    assert len(listener.requests) == 2
    assert Delivery.objects.get(replay_of=waiting.id).state == "delivered"
    assert "told again" in text_of(admin.get(PAGE))


def test_content_of_the_site_is_not_for_everybody_who_has_a_role_there(world, alpha, admin):
    user = person("una@alpha.example")
    set_member(alpha.pk, email=user.actor, role="user", by=world.operator, now=domain_now())
    send(world, alpha)

    assert Browser(user).get(PAGE).status_code == 403
    assert PAGE not in Browser(user).get("/alpha/apps/demo/").content.decode()
    with pytest.raises(ForbiddenError):
        find_deliveries(user, alpha.pk, "demo")
    assert Browser(person("stranger@elsewhere.example")).get(PAGE).status_code == 404
    assert Browser(world.operator).get(PAGE).status_code == 200
    assert admin.get("/alpha/apps/missing/webhooks/").status_code == 404


def test_a_failing_delivery_says_when_it_is_tried_again(world, alpha, admin, listener):  # noqa: F811
    listener.failing.add("lost")
    send(world, alpha)
    deliver(domain_now())

    shown = text_of(admin.get(PAGE))

    assert "failed, tried again" in shown
    assert "Tried again" in shown
    assert "app.example does not accept connections." in shown
