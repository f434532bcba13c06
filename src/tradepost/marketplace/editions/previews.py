"""What another edition would mean for one site: features gained and lost, when, what it costs, why it cannot be."""

from collections.abc import Iterator
from datetime import datetime

from tradepost.core.edition import LOWEST, Edition
from tradepost.core.license_decision import may_try_edition, switching
from tradepost.marketplace.catalog.models import Listing
from tradepost.marketplace.licensing.deciding import Known, decision_of
from tradepost.wire.licenses import FeatureTold, SwitchPreview

from . import queries
from .drafts import Draft
from .showing import price_words


def preview(license_: Known, edition: Edition, *, now: datetime) -> SwitchPreview:
    """What a switch of a license to `edition` would do if it were asked for at `now`. Changes nothing.

    Nothing is told of drafted features, which only the test sites of their vendor try.
    """
    told = decision_of(license_, now=now)
    standing = license_.standing
    choice = switching(standing, edition, at=now)
    before = Edition(told.edition) if told.edition else None
    draft = _live(license_)
    return SwitchPreview(
        before=before,
        after=edition,
        at=choice.takes_effect_at or now,
        gained=list(_told(draft, edition, besides=before or LOWEST)),
        lost=list(_told(draft, before or LOWEST, besides=edition)),
        revision=license_.revision,
        price=price_words(draft, edition, standing.terms.period),
        why_not=choice.why_not,
        may_try=edition.rank > (before or LOWEST).rank and may_try_edition(standing, at=now),
    )


def _live(license_: Known) -> Draft:
    listing = Listing.objects.get(pk=license_.listing_id)
    return queries.live_draft(listing) or Draft()


def _told(draft: Draft, edition: Edition, *, besides: Edition) -> Iterator[FeatureTold]:
    """The features of one edition that another has not, with the modules that no feature of the other has."""
    others = {key for feature in draft.features_of(besides) for key in feature.modules}
    for feature in draft.features_of(edition):
        if besides not in feature.in_editions:
            modules = [key for key in feature.modules if key not in others]
            yield FeatureTold(name=feature.name, text=feature.text, kind=feature.kind, modules=modules)
