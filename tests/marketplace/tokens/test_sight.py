"""Who hears of a private app: sites with a token of it, and those that had it before there were any."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.marketplace.conftest import HOUR, START, poll
from tests.marketplace.vendors import descriptor
from tests.marketplace.wire_client import APP, pairs, site_id

from tradepost.foundation.clock import domain_now
from tradepost.marketplace.catalog import commands as catalog
from tradepost.marketplace.rollout.models import InstallationRecord
from tradepost.marketplace.tokens import commands

pytestmark = pytest.mark.django_db

LATER = START + 5 * HOUR


def release(server, listing, number=1):
    server.serve(descriptor(modules={"webPanels": [{"key": "panel", "url": f"/{number}"}]}))
    return poll(listing, LATER + number * HOUR)


def remove(made, owner):
    commands.remove(APP, made.token.pk, by=owner, now=domain_now())


def test_only_the_holder_of_a_token_gets_a_private_apps_versions(server, listing, made, holder):
    holder.apply(made.secret, site=1)
    release(server, listing)

    answer = holder.check((1, "1.0.0"), (2, "1.0.0"))
    assert pairs(answer) == {1: "1.0.1"}
    assert answer.json()["unknown"] == [APP]


def test_a_token_counts_for_its_own_site_at_its_own_host(server, listing, made, holder, other_holder):
    holder.apply(made.secret, site=1)
    release(server, listing)

    assert pairs(other_holder.check((1, "1.0.0"))) == {}
    assert other_holder.get(f"/wire/1/apps/{APP}").status_code == 404


def test_a_token_of_one_private_app_says_nothing_of_another(server, vendor, owner, listing, made, holder):
    catalog.list_app(vendor.pk, server.serve(descriptor(key="com.example.b"), "/b"), by=owner, now=START)
    holder.apply(made.secret)

    assert holder.check((1, {APP: "1.0.0", "com.example.b": "1.0.0"})).json()["unknown"] == ["com.example.b"]
    assert holder.get("/wire/1/apps/com.example.b").status_code == 404


def test_lookup_and_bytes_open_with_the_token_and_close_with_its_removal(listing, owner, made, holder):
    first = listing.offered.document_id
    looks = [f"/wire/1/apps/{APP}", f"/wire/1/descriptors/{first}"]
    assert [holder.get(look).status_code for look in looks] == [404, 404]

    holder.apply(made.secret)
    assert [holder.get(look).status_code for look in looks] == [200, 200]

    remove(made, owner)
    assert [holder.get(look).status_code for look in looks] == [404, 404]


def test_a_private_app_is_looked_up_for_the_site_that_holds_its_token_alone(listing, made, holder):
    holder.apply(made.secret, site=1)
    look = f"/wire/1/apps/{APP}"

    assert holder.get(look, site=str(site_id(1))).status_code == 200
    assert holder.get(look, site=str(site_id(2))).status_code == 404
    assert holder.get(look, site="1").status_code == 422


def test_a_public_app_is_looked_up_for_any_site(public_listing, holder):
    assert holder.get(f"/wire/1/apps/{APP}", site=str(site_id(9))).status_code == 200


def test_a_site_that_put_its_token_away_still_holds_it(server, listing, made, holder):
    holder.apply(made.secret)
    holder.withdraw()
    release(server, listing)

    assert pairs(holder.check((1, "1.0.0"))) == {1: "1.0.1"}


def test_a_site_all_of_whose_tokens_were_removed_gets_no_more_versions(server, listing, owner, made, holder):
    second = commands.make(APP, by=owner, now=START)
    holder.apply(made.secret)
    holder.apply(second.secret)
    holder.report(holder.says(1, "1.0.0"))
    release(server, listing)

    remove(second, owner)
    assert pairs(holder.check((1, "1.0.0"))) == {1: "1.0.1"}
    remove(made, owner)
    assert pairs(holder.check((1, "1.0.0"))) == {}
    assert holder.get(f"/wire/1/apps/{APP}").status_code == 404


def test_what_such_a_site_runs_it_may_read_and_tell_of(server, listing, owner, made, holder):
    holder.apply(made.secret)
    holder.report(holder.says(1, "1.0.0"))
    remove(made, owner)

    assert holder.get(f"/wire/1/descriptors/{listing.offered.document_id}").status_code == 200
    holder.report(holder.says(1, None, "uninstalled"))
    assert InstallationRecord.objects.get().state == "uninstalled"


def test_a_holder_may_tell_what_it_runs_and_nobody_else(listing, made, holder):
    holder.apply(made.secret, site=1)
    answer = holder.report(holder.says(1, "1.0.0"), holder.says(2, "1.0.0"))

    assert answer.json()["accepted"] == 1
    assert InstallationRecord.objects.get().site.site == site_id(1)


def test_a_site_from_before_there_were_tokens_keeps_a_private_app(server, public_listing, owner, holder):
    holder.check((1, "1.0.0"))
    holder.report(holder.says(1, "1.0.0"))
    catalog.make_private(APP, by=owner, now=LATER)
    release(server, public_listing)

    assert pairs(holder.check((1, "1.0.0"), (2, "1.0.0"))) == {1: "1.0.1"}


def test_a_public_app_is_everybodys_whatever_became_of_tokens(server, public_listing, owner, holder):
    made = commands.make(APP, by=owner, now=START)
    holder.apply(made.secret)
    remove(made, owner)
    release(server, public_listing)

    assert pairs(holder.check((1, "1.0.0"), (2, "1.0.0"))) == {1: "1.0.1", 2: "1.0.1"}


def test_a_private_app_is_never_in_the_public_catalogue(listing, made, holder):
    holder.apply(made.secret)

    assert holder.get("/wire/1/apps").json()["entries"] == []


def test_a_check_that_names_private_apps_asks_one_question_more_however_many_sites(listing, owner, holder):
    for number in range(1, 21):
        holder.apply(commands.make(APP, by=owner, now=START).secret, site=number)
    everybody = [(number, "1.0.0") for number in range(1, 501)]
    holder.check(*everybody)

    with CaptureQueriesContext(connection) as queries:
        holder.check(*everybody)

    asked = [query["sql"] for query in queries if "clockoffset" not in query["sql"]]
    assert len(asked) == 4, asked  # who asks, has anything changed, which sites are known, who sees the private app
    assert all(sql.lstrip("(").startswith("SELECT") for sql in asked)
