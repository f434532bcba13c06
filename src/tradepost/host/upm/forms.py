"""The form of an app by its address."""

from django import forms

from tradepost.foundation.outgoing.addresses import MAX_ADDRESS_LENGTH


class AddressForm(forms.Form):
    """Where a descriptor is."""

    url = forms.CharField(
        label="Address of the descriptor",
        max_length=MAX_ADDRESS_LENGTH,
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Like https://app.example.com/atlassian-connect.json.",
    )
