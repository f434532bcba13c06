"""The forms of the pages both services have."""

from datetime import UTC, datetime, timedelta

from django import forms

from .callers import SCOPES, Caller

LIVES = {"7": "a week", "30": "30 days", "90": "90 days", "366": "a year"}


class TokenForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="What you will use it for, so that you know it again.")
    scopes = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, label="It may")
    days = forms.ChoiceField(label="It lives for", choices=list(LIVES.items()), initial="90")

    def __init__(self, *args: object, caller: Caller, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, f"{text} ({name})") for name, text in SCOPES.items() if caller.allows(name)]

    def life(self) -> timedelta:
        return timedelta(days=int(self.cleaned_data["days"]))


class ClockForm(forms.Form):
    """To a time of somebody's choosing; steps are buttons of their own."""

    to = forms.DateTimeField(
        label="To a time (UTC)", widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"})
    )

    def instant(self) -> datetime:
        given: datetime = self.cleaned_data["to"]
        return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
