"""Licenses as operators and billing systems see them: the row, and what holds now although no worker wrote it yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tradepost.core.license import LicenseTerms
from tradepost.core.license_decision import Standing
from tradepost.wire.licenses import LicenseDecision

from .deciding import decision_of, look_up
from .models import Customer, SiteLicense


@dataclass(frozen=True, slots=True)
class LicenseSight:
    """One license: whose, what it is now, and what its site is told of it."""

    row: SiteLicense
    standing: Standing
    told: LicenseDecision

    @property
    def terms(self) -> LicenseTerms:
        return self.standing.terms

    @property
    def customer(self) -> Customer | None:
        owned = getattr(self.row.site, "owned", None)
        return owned.customer if owned is not None else None


def sights_of(rows: Sequence[SiteLicense], *, now: datetime) -> list[LicenseSight]:
    """The rows of one page, with one question more."""
    known = look_up([(row.site_id, row.listing_id) for row in rows], now=now)
    return [LicenseSight(row, each.standing, decision_of(each, now=now)) for row, each in zip(rows, known, strict=True)]


def sight_of(row: SiteLicense, *, now: datetime) -> LicenseSight:
    """One row."""
    return sights_of([row], now=now)[0]
