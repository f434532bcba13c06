"""With many licenses every page is as quick as the first: the plans of the questions that lists ask."""

import pytest
from django.db import connection
from tests.marketplace.conftest import START
from tests.marketplace.licensing.test_settling import many_licenses, many_sites

from tradepost.marketplace.hosts.pushing import CLAIM
from tradepost.marketplace.licensing import commands, queries
from tradepost.marketplace.licensing.models import Customer, OwnedSite, PendingPush, SiteLicense
from tradepost.marketplace.licensing.pushing import LICENSES

pytestmark = pytest.mark.django_db
MANY = 4000


@pytest.fixture
def crowd(at_host, paid):
    """Thousands of licenses of thousands of customers, one of whom is `Customer 7`."""
    sites = many_sites(at_host.service, MANY)
    many_licenses(paid, sites, state="active")
    owners = Customer.objects.bulk_create(Customer(name=f"Customer {n}", created_at=START) for n in range(MANY))
    OwnedSite.objects.bulk_create(
        OwnedSite(site=site, customer=owner, since=START) for site, owner in zip(sites, owners, strict=True)
    )
    with connection.cursor() as cursor:
        cursor.execute(ONE_EACH_MINUTE, [START])
        cursor.execute("ANALYZE")
    return list(SiteLicense.objects.all())


ONE_EACH_MINUTE = """
UPDATE licensing_sitelicense license SET changed_at = %s + numbered.number * interval '1 minute'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM licensing_sitelicense) numbered
WHERE numbered.id = license.id
"""


def plan_of(rows, *order):
    return rows.order_by(*order)[:51].explain()


def test_the_list_of_all_licenses_walks_its_index(crowd, operator):
    assert "license_newest" in plan_of(queries.licenses(operator), *queries.LICENSE_ORDER)


def test_a_rare_state_is_found_by_its_own_index(crowd, operator):
    SiteLicense.objects.filter(pk__in=[row.pk for row in crowd[:3]]).update(state="cancelled")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE licensing_sitelicense")

    assert "license_newest_in_state" in plan_of(queries.licenses(operator, state="cancelled"), *queries.LICENSE_ORDER)


def test_the_licenses_of_a_customer_are_found_by_their_sites(crowd, operator):
    owner = Customer.objects.get(name="Customer 7")
    plan = plan_of(queries.licenses(operator, customer=owner.pk), *queries.LICENSE_ORDER)

    assert "Seq Scan on licensing_sitelicense" not in plan


def test_a_number_is_found_by_its_index(crowd, operator):
    plan = plan_of(queries.licenses(operator, number=crowd[5].support_number), *queries.LICENSE_ORDER)

    assert "Seq Scan on licensing_sitelicense" not in plan


def test_the_history_of_a_license_walks_its_index(crowd, operator):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "license_change_number" in plan_of(queries.history(crowd[0].pk), *queries.HISTORY_ORDER)


def test_customers_are_listed_by_their_index(crowd, operator):
    assert "customer_name" in plan_of(queries.customers(operator), *queries.CUSTOMER_ORDER)


def test_touching_a_listing_is_a_handful_of_statements_for_thousands(crowd, paid, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        assert commands.touch_listing(paid, now=START) == MANY

    assert PendingPush.objects.count() == MANY
    assert not SiteLicense.objects.exclude(revision=1).exists()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE licensing_pendingpush")
        cursor.execute("SET LOCAL enable_seqscan = off")
        values = {"machine": START, "until": START, "lease": crowd[0].pk, "at_once": 8}
        cursor.execute(f"EXPLAIN {LICENSES.sql(CLAIM)}", values)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan on licensing_pendingpush" not in plan
