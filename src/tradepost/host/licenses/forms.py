"""The forms of licenses: an access token, and what it is to look like."""

from typing import Any

from django import forms

from tradepost.core.edition import Edition

from .links import LONGEST
from .words import SIMULATIONS


class Unshown(forms.TextInput):
    """A field for a secret: what was typed never comes back in a page."""

    def format_value(self, _value: Any) -> None:
        return None


class TokenForm(forms.Form):
    """An access token, or the link that carries it."""

    token = forms.CharField(
        label="Access token, or the whole link",
        max_length=LONGEST,
        strip=True,
        widget=Unshown(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
        help_text="As its vendor copied it. It is not shown again.",
    )


class SimulationForm(forms.Form):
    """What an applied token looks like to the app."""

    simulated = forms.ChoiceField(label="License", choices=list(SIMULATIONS.items()))
    edition = forms.ChoiceField(label="Edition", choices=[(each.value, each.word) for each in Edition])
