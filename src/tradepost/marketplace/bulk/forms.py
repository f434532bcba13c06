"""The form that looks ahead at a rollout, and starts it."""

from collections.abc import Sequence
from typing import Any

from django import forms

from tradepost.foundation.configuration import configuration
from tradepost.marketplace.releases.models import AppVersion

from .api_shapes import MOST_SITES_ASKED
from .prospects import Wanted


class RolloutForm(forms.Form):
    """From which major to which version, and how many sites at most."""

    environment = forms.CharField(widget=forms.HiddenInput)
    from_major = forms.TypedChoiceField(label="Sites that run", coerce=int)
    to_version = forms.ChoiceField(label="To", required=False)
    limit = forms.IntegerField(
        label="Sites at most",
        required=False,
        min_value=1,
        max_value=MOST_SITES_ASKED,
        help_text=f"One rollout takes at most {configuration.policy.bulk_upgrade_sites}.",
    )

    def __init__(
        self, *args: Any, majors: Sequence[tuple[int, int]], targets: Sequence[AppVersion], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        sources, ends = self.fields["from_major"], self.fields["to_version"]
        assert isinstance(sources, forms.TypedChoiceField)
        assert isinstance(ends, forms.ChoiceField)
        sources.choices = [(str(major), f"{major}.x, {_sites(sites)}") for major, sites in majors]
        ends.choices = [("", "the newest version"), *((each.number, each.number) for each in targets)]

    def wanted(self) -> Wanted:
        """What is asked for."""
        told = self.cleaned_data
        return Wanted(told["environment"], told["from_major"], told["to_version"], told["limit"])


def _sites(count: int) -> str:
    return f"{count} site" if count == 1 else f"{count} sites"
