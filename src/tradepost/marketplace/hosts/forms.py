"""The form that invites a host service."""

from django import forms


class InviteForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="Which product, and where: you tell them apart by it.")
