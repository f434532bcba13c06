"""Webhooks: signed, at least once, in order per app and entity while deliveries succeed."""

import json
from datetime import timedelta

import jwt
import pytest
from tests.host.conftest import APP_URL

from tradepost.core.errors import ConflictError, InvalidInputError, NotFoundError
from tradepost.core.signing import query_hash
from tradepost.foundation import outgoing
from tradepost.foundation.outgoing import OutgoingError, OutgoingProblem, OutgoingResponse
from tradepost.host.installing.secrets import secret_in_force
from tradepost.host.product import administration
from tradepost.host.product.actors import actor_of
from tradepost.host.product.commands import Edit, add_comment, create_issue, edit_issue
from tradepost.host.webhooks import commands, delivering
from tradepost.host.webhooks.models import Delivery

HOUR = timedelta(hours=1)


def webhook(event, **more):
    return {"event": event, "url": f"/hooks/{event.rpartition(':')[2]}", **more}


class Listener:
    """An app that hears: it keeps what came, and answers each address as told."""

    def __init__(self):
        self.requests = []
        self.failing = set()
        self.status = 204

    def send_all(self, requests, *, at_once_per_host=4, at_once=32):
        assert at_once_per_host <= at_once
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        self.requests.append(request)
        if "lost" in self.failing:
            return OutgoingError(OutgoingProblem.UNREACHABLE, "app.example does not accept connections.")
        body = json.loads(request.body) if request.body else {}
        key = body.get("issue", {}).get("fields", {}).get("summary")
        status = 500 if key in self.failing else self.status
        return OutgoingResponse(status, (), b"", 0.01, request.url)

    def close(self):
        """Nothing is held."""

    def heard(self):
        return [json.loads(request.body)["webhookEvent"] for request in self.requests]

    def summaries(self):
        return [json.loads(request.body)["issue"]["fields"]["summary"] for request in self.requests]


@pytest.fixture
def alpha(world):
    hooks = [webhook(name) for name in ("jira:issue_created", "jira:issue_updated", "comment_created")]
    world.publish("1.1.0", modules={"webhooks": hooks})
    site = world.site("alpha")
    world.install(site)
    return site


@pytest.fixture
def ann(world, alpha):
    return actor_of(alpha, world.admins[alpha.pk].user)


@pytest.fixture
def project(world, alpha, ann):
    return administration.create_project(alpha, key="KEY", name="Keys", by=ann, now=world.now)


@pytest.fixture
def listener():
    app = Listener()
    with outgoing.replace(app):
        yield app


def deliver(now):
    while delivering.deliver_due(now):
        pass


def test_an_app_hears_of_what_it_asked_for_with_a_signature_of_its_own(world, alpha, ann, project, listener):
    create_issue("KEY", summary="One", by=ann, now=world.now)

    deliver(world.now)

    (request,) = listener.requests
    installation = world.on(alpha)
    token = dict(request.headers)["Authorization"].removeprefix("JWT ")
    claims = jwt.decode(token, secret_in_force(installation), algorithms=["HS256"])
    assert request.url == f"{APP_URL}/hooks/issue_created"
    assert claims["iss"] == installation.client_key
    assert claims["qsh"] == query_hash("POST", "/hooks/issue_created", "")
    assert json.loads(request.body)["issue"]["key"] == "KEY-1"
    assert Delivery.objects.get().state == "delivered"


def test_an_event_that_nobody_wants_makes_no_delivery(world, alpha, ann, project):
    issue = create_issue("KEY", summary="One", by=ann, now=world.now)
    Delivery.objects.all().delete()

    administration.create_project(alpha, key="TWO", name="Two", by=ann, now=world.now)

    assert issue.number == 1
    assert not Delivery.objects.exists()


def test_an_app_that_may_not_read_hears_nothing(world):
    world.publish("1.2.0", scopes=["ACT_AS_USER"], modules={"webhooks": [webhook("jira:issue_created")]})
    site = world.site("beta")
    world.install(site)
    admin = actor_of(site, world.admins[site.pk].user)
    administration.create_project(site, key="KEY", name="Keys", by=admin, now=world.now)

    create_issue("KEY", summary="One", by=admin, now=world.now)

    assert not Delivery.objects.exists()


def test_a_change_that_is_rolled_back_is_not_told(world, ann, project):
    with pytest.raises(InvalidInputError):
        create_issue("KEY", summary="", by=ann, now=world.now)

    assert not Delivery.objects.exists()


def test_events_of_one_issue_come_in_their_order(world, ann, project, listener):
    issue = create_issue("KEY", summary="One", by=ann, now=world.now)
    for name in ("Two", "Three"):
        edit_issue(str(issue.pk), Edit(summary=name), by=ann, now=world.now)

    deliver(world.now)

    assert listener.summaries() == ["One", "Two", "Three"]


def test_only_the_first_of_an_issue_is_taken_up_at_a_time_but_other_issues_go_beside_it(world, ann, project):
    one = create_issue("KEY", summary="One", by=ann, now=world.now)
    edit_issue(str(one.pk), Edit(summary="One again"), by=ann, now=world.now)
    create_issue("KEY", summary="Two", by=ann, now=world.now)

    claimed = delivering.claim(world.now, world.on(one.site).pk)

    assert [json.loads(each.body)["issue"]["fields"]["summary"] for each in claimed] == ["One", "Two"]


def test_one_that_fails_leaves_the_order_and_is_tried_again_alone(world, ann, project, listener):
    issue = create_issue("KEY", summary="One", by=ann, now=world.now)
    edit_issue(str(issue.pk), Edit(summary="Two"), by=ann, now=world.now)
    listener.failing = {"One"}

    deliver(world.now)
    listener.failing = set()
    deliver(world.now + HOUR)

    assert listener.summaries() == ["One", "Two", "One"]
    first, last = listener.requests[0], listener.requests[-1]
    same, retry = "X-Atlassian-Webhook-Identifier", "X-Atlassian-Webhook-Retry"
    assert dict(first.headers)[same] == dict(last.headers)[same]
    assert (dict(first.headers)[retry], dict(last.headers)[retry]) == ("0", "1")
    assert first.body == last.body


def test_a_delivery_is_given_up_after_a_day_and_says_why(world, ann, project, listener):
    create_issue("KEY", summary="One", by=ann, now=world.now)
    listener.failing = {"lost"}

    pauses = []
    now = world.now
    while (row := Delivery.objects.get()).state == "waiting":
        pauses.append(row.due_at - now)
        now = row.due_at
        deliver(now)

    assert row.state == "given_up"
    assert now <= world.now + timedelta(days=1)
    assert now >= world.now + timedelta(hours=19)
    assert "does not accept connections" in row.error
    assert row.attempts == len(listener.requests) >= 7


def test_an_app_that_was_switched_off_meanwhile_is_not_called(world, alpha, ann, project, listener):
    create_issue("KEY", summary="One", by=ann, now=world.now)
    installation = world.on(alpha)
    type(installation).objects.filter(pk=installation.pk).update(state="disabled")

    deliver(world.now)

    assert listener.requests == []
    assert Delivery.objects.get().state == "dropped"


def test_a_worker_that_died_after_the_call_is_followed_by_the_same_call_again(world, ann, project, listener):
    create_issue("KEY", summary="One", by=ann, now=world.now)
    claimed = delivering.claim(world.now, world.on(ann.site).pk)
    Delivery.objects.update(lease_until="2020-01-01T00:00:00Z")

    deliver(world.now)

    assert len(claimed) == len(listener.requests) == 1
    assert Delivery.objects.get().attempts == 1


def test_two_workers_do_not_deliver_the_same(world, ann, project, listener):
    create_issue("KEY", summary="One", by=ann, now=world.now)

    first, second = (delivering.claim(world.now, outgoing_id) for outgoing_id in (ann.site.pk, project.site.pk))

    assert (len(first), len(second)) == (1, 0)


def test_a_filter_lets_only_fitting_issues_through(world):
    hook = webhook("jira:issue_created", filter="project = KEY", excludeBody=True)
    world.publish("1.3.0", modules={"webhooks": [hook]})
    site = world.site("gamma")
    world.install(site)
    admin = actor_of(site, world.admins[site.pk].user)
    for key in ("KEY", "TWO"):
        administration.create_project(site, key=key, name=key, by=admin, now=world.now)
        create_issue(key, summary=key, by=admin, now=world.now)

    listener = Listener()
    with outgoing.replace(listener):
        deliver(world.now)

    assert [request.body for request in listener.requests] == [b""]


def test_a_delivery_is_replayed_by_hand_with_the_same_identifier(world, alpha, ann, project, listener):
    create_issue("KEY", summary="One", by=ann, now=world.now)
    by = world.admins[alpha.pk]
    waiting = Delivery.objects.get()
    with pytest.raises(ConflictError):
        commands.replay(alpha.pk, "demo", waiting.id, by=by, now=world.now)
    deliver(world.now)

    commands.replay(alpha.pk, "demo", waiting.id, by=by, now=world.now)
    deliver(world.now)

    same = "X-Atlassian-Webhook-Identifier"
    assert [dict(request.headers)[same] for request in listener.requests] == [str(waiting.id)] * 2


def test_an_event_can_be_sent_by_hand_and_an_unknown_one_is_refused(world, alpha, listener):
    by = world.admins[alpha.pk]

    made = commands.send_test_event(alpha.pk, "comment_created", app_key=None, payload={"x": 1}, by=by, now=world.now)
    deliver(world.now)

    assert [each.app_key for each in made] == ["demo"]
    assert listener.heard() == ["comment_created"]
    with pytest.raises(InvalidInputError, match="comment_created"):
        commands.send_test_event(alpha.pk, "nonsense", app_key=None, payload={}, by=by, now=world.now)


def test_another_sites_deliveries_do_not_exist(world, alpha, ann, project):
    create_issue("KEY", summary="One", by=ann, now=world.now)
    other = world.site("other")

    with pytest.raises(NotFoundError):
        commands.replay(alpha.pk, "demo", Delivery.objects.get().id, by=world.admins[other.pk], now=world.now)


def test_a_comment_is_told_in_the_order_of_its_issue(world, ann, project, listener):
    issue = create_issue("KEY", summary="One", by=ann, now=world.now)
    add_comment(str(issue.pk), body="Hello", by=ann, now=world.now)

    deliver(world.now)

    assert listener.heard() == ["jira:issue_created", "comment_created"]
