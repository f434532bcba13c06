"""What a site has licensed of an app, as of now: the one function from which every channel to the app derives.

It reads what the marketplace decided last (`caching`) and asks nobody. That decision stands for `license_stands` while
the marketplace does not answer, also past the moment at which it expected to change its mind: then it is inactive.
"""

from dataclasses import replace
from datetime import datetime

import msgspec

from tradepost.core.edition import Edition
from tradepost.core.license import License, LicenseType
from tradepost.core.states import LicenseState
from tradepost.foundation.clock import domain_now
from tradepost.foundation.configuration import configuration
from tradepost.host.installing.models import Installation, KnownVersion
from tradepost.wire.licenses import LicenseDecision

from .models import CachedLicense
from .moment import present_moment

FREE = License(reason="The version of the app that counts here is free.")
NOT_ASKED = License(reason="The marketplace has not been asked about a license yet.")
UNKNOWN = License(reason="The marketplace knows of no license for this app.")


def license_of(
    installation: Installation, *, version: KnownVersion | None = None, now: datetime | None = None
) -> License:
    """What the site has licensed of the app. `now` is domain time, left out: now.

    `version` is what counts where it is not what the site has granted: an `installed` call is about the one to come. A
    free version is never licensed, whatever the marketplace knows.
    """
    version = version or installation.rights_version or installation.newest
    if version is None or not version.paid:
        return FREE
    moment = present_moment()
    if moment is None:
        return license_in(_cached(installation), now=now or domain_now())
    known = moment.known.get(installation.pk)
    if known is None:
        known = moment.known[installation.pk] = license_in(_cached(installation), now=moment.now)
    return known


def license_in(cached: CachedLicense | None, *, now: datetime) -> License:
    """What is kept of the marketplace's last decision, as of `now`, for a version that costs something."""
    decision = decision_in(cached)
    if cached is None or decision is None:
        return NOT_ASKED if cached is None or cached.answered_at is None else UNKNOWN
    found = _read(decision)
    assert cached.answered_at is not None, "a decision is kept with its time"
    return found if now < cached.answered_at + configuration.policy.license_stands else _run_out(found, cached)


def decision_in(cached: CachedLicense | None) -> LicenseDecision | None:
    """The marketplace's last decision in its own words, None before the first one."""
    if cached is None or cached.decision is None:
        return None
    return msgspec.convert(cached.decision, LicenseDecision)


def _cached(installation: Installation) -> CachedLicense | None:
    found: CachedLicense | None = getattr(installation, "cached_license", None)
    return found


def _read(decision: LicenseDecision) -> License:
    """A license that apps hear nothing of is neither active nor has it an edition or a number."""
    state = LicenseState(decision.state) if decision.state in _STATES else LicenseState.NONE
    if not decision.exists:
        return License(state=state, reason=decision.reason or UNKNOWN.reason)
    return License(
        active=decision.active,
        exists=True,
        state=state,
        kind=LicenseType(decision.kind) if decision.kind in _KINDS else LicenseType.COMMERCIAL,
        evaluation=decision.evaluation,
        edition=Edition(decision.edition) if decision.edition in _EDITIONS else None,
        entitlement_id=decision.entitlement_id or None,
        entitlement_number=decision.entitlement_number or None,
        support_number=decision.support_number or None,
        reason=decision.reason,
    )


# A newer marketplace may say words that we do not know yet: an edition that we cannot name is none.
_STATES, _KINDS, _EDITIONS = frozenset(LicenseState), frozenset(LicenseType), frozenset(Edition)


def _run_out(found: License, cached: CachedLicense) -> License:
    policy = configuration.policy
    reason = (
        f"The marketplace answered last at {cached.answered_at:%Y-%m-%d %H:%M} UTC. What it decided then stands for "
        f"{policy.license_stands.total_seconds() / 86400:g} days, which are over."
    )
    return replace(found, active=False, edition=found.edition if policy.expired_keeps_edition else None, reason=reason)
