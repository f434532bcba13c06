"""What is wrong with a draft of editions, what it lacks to go live, and what is worth a look."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from decimal import Decimal

from tradepost.core.document import shown
from tradepost.core.edition import LOWEST, Edition
from tradepost.core.errors import Problem

from .drafts import PERIODS, Draft, FeatureDraft, FeatureKind, PriceDraft

MOST_FEATURES = 100  # features of an app's editions
LONGEST_NAME = 100  # characters of a feature's name
LONGEST_TEXT = 500  # characters of a feature's text
MOST_MODULES = 200  # modules that make one feature
HIGHEST_PRICE = Decimal("99999999.99")

_CURRENCY = re.compile(r"[A-Z]{3}")
CENT = Decimal("0.01")
"""The smallest step of a price."""

_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of text round: a price could be read backwards."""


def find_problems(draft: Draft, *, modules: Collection[str], before: Draft) -> tuple[Problem, ...]:
    """What keeps a draft from being kept. `modules` are the keys of the live version.

    A key that the live version has lost may stay where it was `before`, so that the rest can still be changed.
    """
    return (*_features(draft, frozenset(modules), before), *_prices(draft))


def find_missing(
    draft: Draft, *, paid: bool, modules: Collection[str], switched_on: bool = True
) -> tuple[Problem, ...]:
    """What a draft lacks to go live; `switched_on` is false where a manifest does not say that there are editions.

    Source: domain.md 4.9 and 7.8.
    """
    found: list[Problem] = []
    if not paid:
        text = "The live version is free. Editions are for paid apps: publish a version with enableLicensing: true."
        found.append(Problem("", text, "editions.free"))
    if not switched_on:
        text = "The live version's manifest names no editions: deploy one with app.licensing.editionsEnabled: true."
        found.append(Problem("", text, "editions.not_switched_on"))
    found += [
        Problem("/features", f"No feature is in {edition.word}.", "editions.no_feature")
        for edition in Edition
        if not draft.features_of(edition)
    ]
    found += _missing_prices(draft)
    found += [
        Problem(f"/features/{at}/modules/{place}", _no_module(key), "editions.module_unknown")
        for at, feature in enumerate(draft.features)
        for place, key in enumerate(feature.modules)
        if key not in modules
    ]
    return tuple(found)


def find_warnings(draft: Draft) -> tuple[Problem, ...]:
    """What is allowed and still worth a look. Source: domain.md 12 no. 12."""
    return (*_vanishing(draft), *_cheap(draft), *_nothing_more(draft))


def _features(draft: Draft, modules: frozenset[str], before: Draft) -> Iterator[Problem]:
    if len(draft.features) > MOST_FEATURES:
        yield Problem("/features", f"There are at most {MOST_FEATURES} features.", "editions.too_many")
        return
    names = Counter(feature.name.casefold() for feature in draft.features)
    ids = Counter(feature.id for feature in draft.features if feature.id)
    for at, feature in enumerate(draft.features):
        where = f"/features/{at}"
        if names[feature.name.casefold()] > 1:
            yield Problem(f"{where}/name", f"There are two features called {feature.name!r}.", "editions.name_taken")
        known = before.find_feature(feature.id)
        if feature.id and (known is None or ids[feature.id] > 1):
            yield Problem(f"{where}/id", "This is not the id of a feature here; leave it out for a new one.")
        yield from _feature(feature, where)
        yield from _modules(feature, where, modules | frozenset(known.modules if known else ()))


def _feature(feature: FeatureDraft, where: str) -> Iterator[Problem]:
    if not 1 <= len(feature.name) <= LONGEST_NAME:
        yield Problem(f"{where}/name", f"A feature has a name of 1 to {LONGEST_NAME} characters.")
    if len(feature.text) > LONGEST_TEXT:
        yield Problem(f"{where}/text", f"A feature's text has at most {LONGEST_TEXT} characters.")
    for part, text, lines in (("name", feature.name, False), ("text", feature.text, True)):
        if _is_hostile(text, may_have_lines=lines):
            yield Problem(f"{where}/{part}", "The text holds characters that cannot be seen.", "editions.bad_text")
    if feature.kind not in set(FeatureKind):
        yield Problem(f"{where}/kind", f"A feature is one of {', '.join(FeatureKind)}.")
    for word in feature.in_editions:
        if word not in set(Edition):
            yield Problem(f"{where}/editions", f"{shown(word)!r} is no edition; there are {', '.join(Edition)}.")
    if not feature.in_editions:
        text = f"{feature.name!r} is in no edition, so nobody would get it. Choose at least one."
        yield Problem(f"{where}/editions", text, "editions.nowhere")


def _modules(feature: FeatureDraft, where: str, known: Collection[str]) -> Iterator[Problem]:
    if len(feature.modules) > MOST_MODULES:
        yield Problem(f"{where}/modules", f"A feature names at most {MOST_MODULES} modules.", "editions.too_many")
        return
    for place, key in enumerate(feature.modules):
        if key not in known:
            yield Problem(f"{where}/modules/{place}", _no_module(key), "editions.module_unknown")


def _no_module(key: str) -> str:
    return f"The live version has no module with the key {shown(key)!r}."


def _prices(draft: Draft) -> Iterator[Problem]:
    if _CURRENCY.fullmatch(draft.currency) is None:
        yield Problem("/currency", "A currency is three letters, such as USD or EUR.", "editions.currency")
    seen: set[tuple[str, str]] = set()
    for at, price in enumerate(draft.prices):
        where = f"/prices/{at}"
        if price.edition not in set(Edition):
            yield Problem(f"{where}/edition", f"{shown(price.edition)!r} is no edition.")
        if price.period not in PERIODS:
            yield Problem(f"{where}/period", f"A price is for one of {', '.join(PERIODS)}.")
        if (price.edition, price.period) in seen:
            yield Problem(where, f"There are two {price.period} prices of {price.edition}.", "editions.two_prices")
        seen.add((price.edition, price.period))
        yield from _amount(price, f"{where}/per_user")


def _amount(price: PriceDraft, where: str) -> Iterator[Problem]:
    amount = price.per_user
    if not amount.is_finite() or not 0 <= amount <= HIGHEST_PRICE:
        yield Problem(where, f"A price is a number from 0 to {HIGHEST_PRICE}.", "editions.price")
    elif amount != amount.quantize(CENT):
        yield Problem(where, "A price has at most two decimal places.", "editions.price")


def _missing_prices(draft: Draft) -> Iterator[Problem]:
    """Every edition has a price, and all are sold for the same periods: nobody loses their period by switching."""
    sold = [period for period in PERIODS if any(price.period == period for price in draft.prices)]
    for edition in Edition:
        if not any(price.edition == edition for price in draft.prices):
            yield Problem("/prices", f"{edition.word} has no price.", "editions.no_price")
            continue
        for period in sold:
            if draft.price_of(edition, period) is None:
                text = f"{edition.word} has no {period} price, another edition has one."
                yield Problem("/prices", text, "editions.no_price")


def _vanishing(draft: Draft) -> Iterator[Problem]:
    """A higher edition is expected to have all that lower ones have; whoever upgrades would lose this."""
    for at, feature in enumerate(draft.features):
        for lower, higher in zip(Edition, list(Edition)[1:], strict=False):
            if lower in feature.in_editions and higher not in feature.in_editions:
                text = f"{feature.name!r} is in {lower.word} and not in {higher.word}: who upgrades loses it."
                yield Problem(f"/features/{at}/editions", text, "editions.lost_by_upgrade")


def _cheap(draft: Draft) -> Iterator[Problem]:
    for lower, higher in zip(Edition, list(Edition)[1:], strict=False):
        for period in PERIODS:
            less, more = draft.price_of(lower, period), draft.price_of(higher, period)
            if less is not None and more is not None and more <= less:
                text = f"The {period} price of {higher.word} is not above that of {lower.word}."
                yield Problem("/prices", text, "editions.not_dearer")


def _nothing_more(draft: Draft) -> Iterator[Problem]:
    for edition in list(Edition)[1:]:
        has = draft.features_of(edition)
        if has and all(LOWEST in feature.in_editions for feature in has):
            text = f"{edition.word} has no feature that {LOWEST.word} has not."
            yield Problem("/features", text, "editions.nothing_more")


def _is_hostile(text: str, *, may_have_lines: bool) -> bool:
    allowed = "\n\r\t" if may_have_lines else ""
    is_control = any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in allowed for letter in text)
    return is_control or _TURNING.search(text) is not None
