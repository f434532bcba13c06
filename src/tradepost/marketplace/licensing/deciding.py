"""What sites have licensed of apps, for many at once, from one question to the database. Nothing is written.

The answer is what holds at `now`: what time has done and no worker has written down yet is done on the way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from tradepost.core.edition import LOWEST, Edition
from tradepost.core.license import Billing, LicenseTerms, Simulated, TokenTerms
from tradepost.core.license_decision import Standing, decide, may_begin_trial, may_try_edition, switching
from tradepost.core.license_settling import next_change_at, settle
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.hosts.models import SiteRecord
from tradepost.wire.licenses import LicenseDecision, TokenTold

from .commands import default_billing
from .terms import FIELDS, policy, terms_from


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of one site and app. `number`s are None where there is no row."""

    site_id: int
    listing_id: UUID
    site: UUID
    app: str
    revision: int
    standing: Standing
    entitlement_id: str | None
    entitlement_number: str | None
    support_number: str | None


def decisions_for(pairs: Iterable[tuple[SiteRecord, Listing]], *, now: datetime) -> list[LicenseDecision]:
    """What each site has licensed of each app, in the order of the pairs."""
    return decisions_by_id([(site.pk, listing.pk) for site, listing in pairs], now=now)


def decisions_by_id(pairs: Sequence[tuple[int, UUID]], *, now: datetime) -> list[LicenseDecision]:
    """Like `decisions_for`, of (site record, listing). A pair whose site or listing is gone is left out."""
    return [decision_of(known, now=now) for known in look_up(pairs, now=now)]


def standing_of(site: SiteRecord, listing: Listing, *, now: datetime) -> Standing:
    """Everything that decides what one site may do with its license of an app."""
    return look_up([(site.pk, listing.pk)], now=now)[0].standing


def look_up(pairs: Sequence[tuple[int, UUID]], *, now: datetime) -> list[Known]:
    """What is known of (site record, listing), settled to `now`."""
    if not pairs:
        return []
    sites, listings = zip(*pairs, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(LOOK_UP, {"sites": list(sites), "listings": list(listings), **_editions()})
        names = [column.name for column in cursor.description or ()]
        return [_known(dict(zip(names, row, strict=True)), now=now) for row in cursor.fetchall()]


def decision_of(known: Known, *, now: datetime) -> LicenseDecision:
    """What is told of one license. Beside an access token the license itself is told of in one word only."""
    standing, rules = known.standing, policy()
    decided = decide(
        standing,
        entitlement_id=known.entitlement_id,
        entitlement_number=known.entitlement_number,
        support_number=known.support_number,
        policy=rules,
    )
    choice = switching(standing, None, at=now)
    return LicenseDecision(
        site=known.site,
        app=known.app,
        revision=known.revision,
        state=decided.state,
        active=decided.active,
        exists=decided.exists,
        evaluation=decided.evaluation,
        kind=decided.kind,
        edition=decided.edition,
        entitlement_id=decided.entitlement_id,
        entitlement_number=decided.entitlement_number,
        support_number=decided.support_number,
        may_try=may_begin_trial(standing),
        may_try_edition=may_try_edition(standing, at=now),
        may_switch=choice.may,
        why_not=choice.why_not,
        reason=decided.reason,
        **(_of_token(standing) if standing.token is not None else _of_terms(standing, exists=decided.exists)),
    )


def _of_terms(standing: Standing, *, exists: bool) -> dict[str, Any]:
    if not exists:
        return {}
    terms, shows_editions = standing.terms, standing.billing is Billing.IMPROVED
    return {
        "period": terms.period,
        "user_tier": terms.user_tier,
        "trial_ends_at": terms.trial_ends_at,
        "period_ends_at": terms.period_ends_at,
        "next_edition": terms.next_edition if shows_editions else None,
        "edition_trial_ends_at": terms.edition_trial_ends_at if shows_editions else None,
        "changes_at": next_change_at(terms, policy()),
    }


def _of_token(standing: Standing) -> dict[str, Any]:
    token = standing.token
    assert token is not None
    return {
        "token": TokenTold(prefix=token.prefix, simulated=token.simulated, edition=token.edition),
        "covered": standing.terms.state,
    }


def _known(row: dict[str, Any], *, now: datetime) -> Known:
    terms = terms_from(row) if row["license"] is not None else LicenseTerms()
    settled, _ = settle(terms, now, policy())
    standing = Standing(
        terms=settled,
        token=_token(row),
        billing=Billing(row["billing"]) if row["billing"] else default_billing(),
        live_at=row["live_at"],
        paid=bool(row["paid"]),
        tokens_may_switch=bool(row["is_mapped"]),
        is_open=row["is_open"],
    )
    return Known(
        site_id=row["site_id"],
        listing_id=row["listing_id"],
        site=row["site"],
        app=row["app"],
        revision=row["revision"] or 0,
        standing=standing,
        entitlement_id=str(row["entitlement_id"]) if row["entitlement_id"] else None,
        entitlement_number=row["entitlement_number"],
        support_number=row["support_number"],
    )


def _token(row: dict[str, Any]) -> TokenTerms | None:
    if row["token_prefix"] is None:
        return None
    return TokenTerms(
        prefix=row["token_prefix"],
        simulated=Simulated(row["token_simulated"]),
        edition=Edition(row["token_edition"]),
    )


def _editions() -> dict[str, Any]:
    return {"for_all": configuration.policy.editions_for_all, "lowest": LOWEST}


_TERMS = ", ".join(f"license.{name}" for name in FIELDS)
LOOK_UP = f"""
SELECT site.id AS site_id, listing.id AS listing_id, site.site, listing.app_key AS app,
       license.id AS license, license.revision, license.entitlement_id, license.entitlement_number,
       license.support_number, {_TERMS},
       customer.billing, version.paid,
       CASE WHEN editions.state = 'live' THEN editions.live_at END AS live_at,
       (editions.state = 'live' OR %(for_all)s
        OR EXISTS (SELECT FROM editions_earlyaccess early WHERE early.vendor_id = listing.vendor_id))
       AND EXISTS (SELECT FROM editions_feature feature, jsonb_array_elements_text(feature.in_editions) word
                   WHERE feature.editions_id = editions.id AND word <> %(lowest)s) AS is_mapped,
       listing.state = 'public' OR coalesce(
           (SELECT bool_or(given.state = 'bound') FROM tokens_accesstoken given
            WHERE given.site_id = site.id AND given.listing_id = listing.id), true) AS is_open,
       token.prefix AS token_prefix, token.simulated AS token_simulated, token.edition AS token_edition
FROM unnest(%(sites)s::bigint[], %(listings)s::uuid[]) WITH ORDINALITY AS asked(site_id, listing_id, place)
JOIN hosts_siterecord site ON site.id = asked.site_id
JOIN catalog_listing listing ON listing.id = asked.listing_id
LEFT JOIN releases_appversion version ON version.id = listing.offered_id
LEFT JOIN licensing_sitelicense license ON license.site_id = site.id AND license.listing_id = listing.id
LEFT JOIN licensing_ownedsite o ON o.site_id = site.id
LEFT JOIN licensing_customer customer ON customer.id = o.customer_id
LEFT JOIN editions_listingeditions editions ON editions.listing_id = listing.id
LEFT JOIN tokens_accesstoken token
       ON token.site_id = site.id AND token.listing_id = listing.id AND token.applied
ORDER BY asked.place
"""  # noqa: S608  the names of our own columns
