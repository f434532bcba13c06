"""The form of an operator's decision."""

from django import forms

from .commands import LONGEST_COMMENT


class DecisionForm(forms.Form):
    comment = forms.CharField(
        required=False,
        max_length=LONGEST_COMMENT,
        help_text="The vendor reads it, here and by mail. Needed for a no: say what has to change.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )
