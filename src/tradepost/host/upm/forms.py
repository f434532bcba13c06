"""The form of an app by its address."""

from typing import Any

from django import forms

from tradepost.foundation.outgoing.addresses import MAX_ADDRESS_LENGTH
from tradepost.host.licenses.links import holds_token


class AddressInput(forms.URLInput):
    """An address. One with an access token in it never comes back in a page."""

    def format_value(self, value: Any) -> str | None:
        return None if holds_token(str(value or "")) else super().format_value(value)


class AddressForm(forms.Form):
    """Where a descriptor is."""

    url = forms.CharField(
        label="Address of the descriptor, or installation link",
        max_length=MAX_ADDRESS_LENGTH,
        widget=AddressInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Like https://app.example.com/atlassian-connect.json. Or an installation link of the marketplace.",
    )
