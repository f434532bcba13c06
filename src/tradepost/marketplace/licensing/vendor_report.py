"""A vendor's licenses in the shape of the license report. Source: domain.md 9.3, whose field names these are.

Two fields are ours: `appEdition`, which the report filters by, and `testLicense`, true for a site that uses an access
token. What Tradepost does not know (where a customer is, partners) is empty.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tradepost.core.license import LicenseType
from tradepost.core.states import LicenseState

from .vendor_queries import Facts

STATUS: Mapping[str, str] = {
    LicenseState.TRIAL: "active",
    LicenseState.ACTIVE: "active",
    LicenseState.CANCELLED: "cancelled",
    LicenseState.TRIAL_EXPIRED: "inactive",
    LicenseState.EXPIRED: "inactive",
    LicenseState.NONE: "inactive",
}
SIMULATED_STATUS: Mapping[str, str] = {
    "ACTIVE_TRIAL": "active",
    "ACTIVE_SUBSCRIPTION": "active",
    "ACTIVE_SUBSCRIPTION_CANCELLED": "cancelled",
}
INTERNAL_USE = "INTERNAL USE"
"""What the report calls licenses that are for making the app: of the type developer, and access tokens."""

_EVALUATIONS = frozenset({LicenseState.TRIAL, LicenseState.TRIAL_EXPIRED})
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet calculate with a cell instead of showing it."""


def record_of(row: Facts) -> dict[str, Any]:
    """One license in the report."""
    token = row["token"]
    is_token_alone = token is not None and row["state"] == LicenseState.NONE
    return {
        "addonLicenseId": str(row["pk"]),
        "licenseId": row["support_number"],
        "addonKey": row["listing__app_key"],
        "addonName": row["listing__name"],
        "appEntitlementId": str(row["entitlement_id"]),
        "appEntitlementNumber": row["entitlement_number"],
        "cloudId": str(row["site__site"]),
        "cloudSiteHostname": urlsplit(row["site__base_url"]).netloc,
        "hosting": "Cloud",
        "licenseType": INTERNAL_USE if is_token_alone else _type(row),
        "status": SIMULATED_STATUS.get(token["simulated"], "inactive") if is_token_alone else STATUS[row["state"]],
        "tier": "Unlimited Users" if row["user_tier"] is None else f"{row['user_tier']} Users",
        "lastUpdated": _day(row["changed_at"]),
        "maintenanceStartDate": _day(row["anchor"] or row["began_at"]),
        "maintenanceEndDate": _day(row["period_ends_at"] or row["trial_ends_at"]),
        "contactDetails": _contact(row),
        "partnerDetails": None,
        **_insights(row),
        "appEdition": token["edition"] if is_token_alone else row["edition"],
        "testLicense": token is not None,
    }


def json_parts(rows: Iterable[Facts]) -> Iterator[str]:
    """The text of one JSON array, a license a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(record_of(row), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def csv_lines(rows: Iterable[Facts]) -> Iterator[str]:
    """A line of names, then a line for each license. What lies deeper is named with dots: `contactDetails.company`."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for row in rows:
        flat = dict(_flattened(record_of(row)))
        yield writer.writerow([_cell(flat.get(name)) for name in COLUMNS])


def _type(row: Facts) -> str:
    if row["state"] in _EVALUATIONS:
        return "EVALUATION"
    return INTERNAL_USE if row["kind"] == LicenseType.DEVELOPER else row["kind"].upper()


def _contact(row: Facts) -> dict[str, Any]:
    company = row["site__owned__customer__name"] or row["site__name"]
    person = {"email": row["site__owned__customer__contact_email"] or "", "name": company}
    return {
        "company": company,
        "country": "",
        "region": "",
        "technicalContact": person,
        "billingContact": person,
    }


def _insights(row: Facts) -> dict[str, Any]:
    """The trial that a license began with, and what the site runs on."""
    trial = row["began_at"] if row["trial_used"] else None
    sold = row["anchor"] if trial is not None else None
    return {
        "evaluationLicense": row["support_number"] if trial else None,
        "evaluationStartDate": _day(trial),
        "evaluationEndDate": _day(row["trial_ends_at"]),
        "evaluationSaleDate": _day(sold),
        "daysToConvertEval": (sold - trial).days if sold and trial else None,
        "evaluationOpportunitySize": f"{row['site__users']} Users" if trial and row["site__users"] else None,
        "parentProductName": row["site__host__product"].title(),
        "parentProductEdition": row["site__product_edition"],
        "parentProductBillingCycle": None,
        "installedOnSandbox": None,
    }


def _day(at: datetime | None) -> str | None:
    return at.astimezone(UTC).date().isoformat() if at else None


def _flattened(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _cell(value: Any) -> str:
    """A value as a spreadsheet shows it: nobody's name is taken for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


class _Line:
    """Hands back what a writer writes: a line at a time, nothing is kept."""

    def write(self, text: str) -> str:
        return text


_PERSON = ("email", "name")
_WHO = ("technicalContact", "billingContact")
_CONTACT = ("company", "country", "region", *(f"{who}.{part}" for who in _WHO for part in _PERSON))
COLUMNS = (
    "addonLicenseId", "licenseId", "addonKey", "addonName", "appEntitlementId", "appEntitlementNumber", "cloudId",
    "cloudSiteHostname", "hosting", "licenseType", "status", "tier", "lastUpdated", "maintenanceStartDate",
    "maintenanceEndDate", *(f"contactDetails.{name}" for name in _CONTACT), "partnerDetails", "evaluationLicense",
    "evaluationStartDate", "evaluationEndDate", "evaluationSaleDate", "daysToConvertEval",
    "evaluationOpportunitySize", "parentProductName", "parentProductEdition", "parentProductBillingCycle",
    "installedOnSandbox", "appEdition", "testLicense",
)  # fmt: skip
"""The columns of a CSV file, in their order."""
