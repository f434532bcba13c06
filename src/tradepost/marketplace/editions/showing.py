"""Editions made ready to be looked at: which edition has what, what it costs, and how a draft differs from live."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tradepost.core.edition import Edition
from tradepost.core.license import Period

from .drafts import PERIODS, Draft, FeatureDraft

PERIOD_WORDS: Mapping[str, str] = {Period.MONTHLY: "month", Period.ANNUAL: "year"}


@dataclass(frozen=True, slots=True)
class FeatureLine:
    """A feature and, edition by edition, whether it is in it."""

    feature: FeatureDraft
    cells: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """What a period costs, edition by edition; an empty text where nothing is set."""

    period: str
    amounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The table of features and prices against editions, in the order of rank."""

    editions: tuple[Edition, ...]
    features: tuple[FeatureLine, ...]
    prices: tuple[PriceLine, ...]


def compared(draft: Draft) -> Compared:
    """The draft as a table; only periods that some edition is sold for."""
    editions = tuple(Edition)
    features = tuple(
        FeatureLine(feature, tuple(edition in feature.in_editions for edition in editions))
        for feature in draft.features
    )
    prices = tuple(
        PriceLine(period, amounts)
        for period in PERIODS
        if any(amounts := tuple(_amount_words(draft, edition, period) for edition in editions))
    )
    return Compared(editions, features, prices)


def money(amount: Decimal, currency: str) -> str:
    """`USD 1,234.50`."""
    return f"{currency} {amount:,.2f}"


def price_words(draft: Draft, edition: Edition, period: str) -> str:
    """What an edition costs, in words: for this period, or for each where a license has none."""
    sold = [each for each in PERIODS if draft.price_of(edition, each) is not None]
    asked = [period] if period in sold else sold
    told = [f"{_amount_words(draft, edition, each)} per user and {PERIOD_WORDS[each]}" for each in asked]
    return " or ".join(told)


def differences(live: Draft, wanted: Draft) -> list[str]:
    """How a draft differs from what is live, a sentence each."""
    return [*_feature_differences(live, wanted), *_price_differences(live, wanted)]


def _feature_differences(live: Draft, wanted: Draft) -> Iterator[str]:
    before = {feature.id: feature for feature in live.features}
    after = {feature.id: feature for feature in wanted.features}
    for ref, feature in after.items():
        if ref not in before:
            yield f"New: {feature.name!r} in {_words(feature)}."
        elif feature != before[ref]:
            yield from _changes(before[ref], feature)
    for ref, feature in before.items():
        if ref not in after:
            yield f"{feature.name!r} will be gone; it is in {_words(feature)} now."


def _changes(before: FeatureDraft, after: FeatureDraft) -> Iterator[str]:
    if before.name != after.name:
        yield f"{before.name!r} will be called {after.name!r}."
    if before.in_editions != after.in_editions:
        yield f"{after.name!r} will be in {_words(after)}; it is in {_words(before)} now."
    if before.kind != after.kind:
        yield f"{after.name!r} will be a {after.kind} feature; it is a {before.kind} feature now."
    if set(before.modules) != set(after.modules):
        yield f"{after.name!r} will be made by {_keys(after)}; it is made by {_keys(before)} now."


def _price_differences(live: Draft, wanted: Draft) -> Iterator[str]:
    for edition in Edition:
        for period in PERIODS:
            before, after = _amount_words(live, edition, period), _amount_words(wanted, edition, period)
            if before != after:
                words = f"{edition.word} per user and {PERIOD_WORDS[period]}"
                yield f"{words} will be {after or 'sold no more'}; it is {before or 'not sold'} now."


def _amount_words(draft: Draft, edition: str, period: str) -> str:
    amount = draft.price_of(edition, period)
    return "" if amount is None else money(amount, draft.currency)


def _words(feature: FeatureDraft) -> str:
    return " and ".join(Edition(word).word for word in feature.in_editions)


def _keys(feature: FeatureDraft) -> str:
    return ", ".join(feature.modules) or "no module"
