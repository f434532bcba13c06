"""The forms about access tokens."""

from datetime import timedelta

from django import forms

from tradepost.core.edition import LOWEST, Edition
from tradepost.core.license import Simulated

from .commands import LONGEST_NAME

LIVES = {"": "until somebody uses it", "1": "a day", "7": "a week", "30": "30 days", "90": "90 days"}

SIMULATED_WORDS = {
    Simulated.NONE: "No license",
    Simulated.TRIAL: "Trial, running",
    Simulated.ACTIVE: "Subscription, running",
    Simulated.CANCELLED: "Subscription, cancelled and running out",
    Simulated.TRIAL_EXPIRED: "Trial, expired",
    Simulated.EXPIRED: "Subscription, expired",
}
"""What each simulated state is called on pages."""


class NewTokenForm(forms.Form):
    name = forms.CharField(
        max_length=LONGEST_NAME,
        required=False,
        label="For whom",
        help_text="In your words, so that you know it again: a tester, a customer, a site.",
    )
    days = forms.ChoiceField(
        required=False,
        label="The link works for",
        choices=list(LIVES.items()),
        help_text="Only the first use must fall within this time; a site that has begun to use the token keeps it.",
    )

    def life(self) -> timedelta | None:
        """How long the token waits for its first use; None for ever."""
        days = self.cleaned_data["days"]
        return timedelta(days=int(days)) if days else None


class SimulationForm(forms.Form):
    simulated = forms.ChoiceField(
        label="License state",
        choices=[(state.value, words) for state, words in SIMULATED_WORDS.items()],
    )
    edition = forms.ChoiceField(label="Edition", choices=[(edition.value, edition.word) for edition in Edition])

    def __init__(self, *args: object, has_editions: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if not has_editions:
            field = self.fields["edition"]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [(LOWEST.value, LOWEST.word)]
            field.help_text = "There is no other until features of the app are mapped to editions."
