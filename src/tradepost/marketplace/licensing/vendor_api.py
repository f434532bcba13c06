"""REST: the licenses of a vendor's apps, a page at a time or all as a file."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router, Schema
from pydantic import Field, create_model

from tradepost.core.edition import Edition
from tradepost.core.license import LicenseType
from tradepost.core.states import LicenseState
from tradepost.foundation.callers import caller_of
from tradepost.foundation.rest import Page, PageQuery, page_of
from tradepost.marketplace.catalog import queries as catalog
from tradepost.marketplace.catalog.models import Vendor

from . import vendor_queries as queries
from .vendor_pages import LONGEST, file_of
from .vendor_report import record_of

router = Router(tags=["licenses"])


class Person(Schema):
    email: str
    name: str


ContactDetails = create_model(
    "ContactDetails",
    __base__=Schema,
    company=str,
    country=str,
    region=str,
    technicalContact=Person,
    billingContact=Person,
)
_TEXTS = (
    "addonLicenseId", "licenseId", "addonKey", "addonName", "appEntitlementId", "appEntitlementNumber", "cloudId",
    "cloudSiteHostname", "hosting", "licenseType", "status", "tier", "lastUpdated", "parentProductName",
    "parentProductEdition",
)  # fmt: skip
_MAY_LACK = (
    "maintenanceStartDate", "maintenanceEndDate", "evaluationLicense", "evaluationStartDate", "evaluationEndDate",
    "evaluationSaleDate", "evaluationOpportunitySize", "parentProductBillingCycle", "appEdition",
)  # fmt: skip
LicenseRecord = create_model(
    "LicenseRecord",
    __base__=Schema,
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_MAY_LACK, (str | None, None)),
    contactDetails=ContactDetails,
    partnerDetails=(dict[str, Any] | None, None),
    daysToConvertEval=(int | None, None),
    installedOnSandbox=(bool | None, None),
    testLicense=bool,
)
"""A license in the report; the names are those of domain.md 9.3."""

StateWord = Literal[tuple(str(state) for state in LicenseState)]
KindWord = Literal[tuple(str(kind) for kind in LicenseType)]
EditionWord = Literal[(queries.NO_EDITION, *map(str, Edition))]


class LicenseFilter(Schema):
    """Which licenses; what is left out asks for all."""

    app: str = Field("", max_length=LONGEST, description="the key of an app")
    state: StateWord | Literal[""] = ""
    kind: KindWord | Literal[""] = ""
    edition: EditionWord | Literal[""] = Field("", description="none: without one")
    q: str = Field("", max_length=LONGEST, description="a number of the license, or a part of site or customer")
    test: Literal["", "only", "without"] = Field("", description="licenses of sites that use an access token")

    def filter(self) -> queries.Filter:
        names = ("app", "state", "kind", "edition", "q", "test")
        return queries.Filter(**{name: getattr(self, name) for name in names})


class LicenseQuery(LicenseFilter, PageQuery):
    """A page of them."""


@router.get("/vendors/{uuid:vendor_id}/licenses", response=Page[LicenseRecord], operation_id="list_vendor_licenses")
def list_vendor_licenses(request: HttpRequest, vendor_id: UUID, query: Query[LicenseQuery]) -> dict[str, Any]:
    """The licenses of a vendor's apps, those that changed last first."""
    rows = queries.licenses_of(_vendor(request, vendor_id), query.filter())
    page = page_of(rows, order=queries.ORDER, query=query)
    return {**page, "items": [record_of(queries.facts_of(row)) for row in page["items"]]}


@router.get("/vendors/{uuid:vendor_id}/licenses.{kind}", response={200: None}, operation_id="export_vendor_licenses")
def export_vendor_licenses(
    request: HttpRequest, vendor_id: UUID, kind: Literal["csv", "json"], query: Query[LicenseFilter]
) -> StreamingHttpResponse:
    """All of them as one file: CSV with a line of names, or a JSON array."""
    return file_of(_vendor(request, vendor_id), query.filter(), kind)


def _vendor(request: HttpRequest, vendor_id: UUID) -> Vendor:
    caller = caller_of(request)
    caller.require("apps:read")
    return catalog.get_vendor(caller, vendor_id)
