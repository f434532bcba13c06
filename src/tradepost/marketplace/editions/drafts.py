"""What a vendor drafts: features with the editions that have them, and prices. Values, and how they become JSON.

A draft may hold anything until `checks` has looked at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from tradepost.core.edition import Edition
from tradepost.core.license import Period


class FeatureKind(StrEnum):
    """What for a feature it is: of the app itself, or what its vendor does beside it. Source: domain.md 7.8."""

    PRODUCT = "product"
    SERVICE = "service"


PERIODS = (Period.MONTHLY, Period.ANNUAL)
"""What a price is for. Without a period nothing is priced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDraft:
    """A feature. `id` is empty for a new one; `in_editions` are words of Edition, `modules` keys of modules."""

    id: str = ""
    name: str
    text: str = ""
    kind: str = FeatureKind.PRODUCT
    in_editions: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDraft:
    """What one user costs for one period of one edition."""

    edition: str
    period: str
    per_user: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The editions of a listing as their vendor wants them, features in the order in which customers read them."""

    currency: str = "USD"
    features: tuple[FeatureDraft, ...] = ()
    prices: tuple[PriceDraft, ...] = ()

    def features_of(self, edition: str) -> tuple[FeatureDraft, ...]:
        return tuple(feature for feature in self.features if edition in feature.in_editions)

    def price_of(self, edition: str, period: str) -> Decimal | None:
        found = (each.per_user for each in self.prices if (each.edition, each.period) == (edition, period))
        return next(found, None)

    def find_feature(self, ref: str) -> FeatureDraft | None:
        return next((feature for feature in self.features if ref and feature.id == ref), None)


def to_json(draft: Draft) -> dict[str, Any]:
    """The draft as it is stored; `from_json` reads it."""
    return {
        "currency": draft.currency,
        "features": [
            {
                "id": feature.id,
                "name": feature.name,
                "text": feature.text,
                "kind": str(feature.kind),
                "editions": list(feature.in_editions),
                "modules": list(feature.modules),
            }
            for feature in draft.features
        ],
        "prices": [
            {"edition": price.edition, "period": price.period, "per_user": str(price.per_user)}
            for price in draft.prices
        ],
    }


def from_json(stored: Mapping[str, Any]) -> Draft:
    """A draft that `to_json` wrote."""
    return Draft(
        currency=stored["currency"],
        features=tuple(
            FeatureDraft(
                id=each["id"],
                name=each["name"],
                text=each["text"],
                kind=each["kind"],
                in_editions=tuple(each["editions"]),
                modules=tuple(each["modules"]),
            )
            for each in stored["features"]
        ),
        prices=tuple(
            PriceDraft(edition=each["edition"], period=each["period"], per_user=Decimal(each["per_user"]))
            for each in stored["prices"]
        ),
    )


def tidied(draft: Draft) -> Draft:
    """Without needless white space, editions in the order of their rank, every key once."""
    rank = {str(edition): edition.rank for edition in Edition}
    features = tuple(
        replace(
            feature,
            name=" ".join(feature.name.split()),
            text=feature.text.strip(),
            in_editions=tuple(sorted(set(feature.in_editions), key=lambda word: (rank.get(word, len(rank)), word))),
            modules=tuple(dict.fromkeys(feature.modules)),
        )
        for feature in draft.features
    )
    return Draft(currency=draft.currency.strip().upper(), features=features, prices=draft.prices)


def is_reviewed_anew(live: Draft, wanted: Draft) -> bool:
    """Whether an operator has to look: at everything but the texts and the order of features."""
    return _reviewed(live) != _reviewed(wanted)


def _reviewed(draft: Draft) -> tuple[object, ...]:
    features = {
        (each.id, each.name, str(each.kind), frozenset(each.in_editions), frozenset(each.modules))
        for each in draft.features
    }
    prices = {(each.edition, each.period, each.per_user) for each in draft.prices}
    return draft.currency, features, prices
