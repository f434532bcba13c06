"""A license in the words of each channel. What is absent is left out everywhere: no null, no empty text.

Sources: protocol.md 1.1, 3.1 and 5.2, domain.md 7.
"""

from typing import Any

from tradepost.core.license import License


def address_parameters(found: License) -> list[tuple[str, str]]:
    """`lic` and `capSet`, as frames have them, and webhooks and lifecycle calls where the operator wants it."""
    edition = [("capSet", found.capability_set)] if found.capability_set is not None else []
    return [("lic", found.word), *edition]


def page_license(found: License) -> dict[str, Any]:
    """`license` in the context of a page's scripts."""
    edition = {"capabilitySet": found.capability_set} if found.capability_set is not None else {}
    return {"active": found.active, **edition}


def license_object(found: License) -> dict[str, Any]:
    """`license` as an app's own entry has it, and the event `license.changed`; empty where there is no license."""
    if not found.exists or found.kind is None:
        return {}
    told = {
        "active": found.active,
        "type": found.kind.value.upper(),
        "evaluation": found.evaluation,
        "supportEntitlementNumber": found.support_number,
        "entitlementId": found.entitlement_id,
        "entitlementNumber": found.entitlement_number,
        "capabilitySet": found.capability_set,
    }
    return {name: value for name, value in told.items() if value is not None}


def lifecycle_fields(found: License) -> dict[str, str]:
    """What the bodies of lifecycle calls tell of the license."""
    told = {
        "serviceEntitlementNumber": found.support_number,
        "entitlementId": found.entitlement_id,
        "entitlementNumber": found.entitlement_number,
        "capabilitySet": found.capability_set,
    }
    return {name: value for name, value in told.items() if value is not None}
