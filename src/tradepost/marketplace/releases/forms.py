"""The forms about versions."""

from django import forms

from tradepost.foundation.configuration import configuration

from .commands import LONGEST_NOTES

MOST_BYTES = configuration.limits.document_bytes


class NotesForm(forms.Form):
    notes = forms.CharField(
        label="What administrators read",
        required=False,
        max_length=LONGEST_NOTES,
        help_text="Plain text, shown beside what the version asks of them.",
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class PreviewForm(forms.Form):
    """A descriptor as text; empty asks the address that is watched."""

    text = forms.CharField(
        label="New descriptor",
        required=False,
        strip=False,
        max_length=MOST_BYTES,
        help_text="JSON. Left empty, what the descriptor address answers now is read.",
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false"}),
    )

    def raw(self) -> bytes | None:
        """The bytes that were pasted; None where none were."""
        text: str = self.cleaned_data["text"]
        return text.encode() if text.strip() else None
