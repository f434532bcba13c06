"""The forms of sites: what they are, when they must not be touched, and who may do what there."""

from typing import Any
from zoneinfo import available_timezones

from django import forms

from tradepost.core.edition import ProductEdition
from tradepost.core.errors import InvalidInputError
from tradepost.core.window import DEFAULT_WINDOW, MaintenanceWindow

from .queries import ADMIN, USER, read_zone

ZONES_ID = "zones"
"""The list of zones that a page offers beside the field."""


class WindowForm(forms.Form):
    """Zone and maintenance window."""

    zone = forms.CharField(
        label="Time zone",
        max_length=64,
        initial="UTC",
        widget=forms.TextInput(attrs={"list": ZONES_ID, "autocomplete": "off", "spellcheck": "false"}),
        help_text="Like Europe/Berlin or America/New_York.",
    )
    window_start = forms.TimeField(
        label="Maintenance window starts",
        initial=DEFAULT_WINDOW.start,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    window_end = forms.TimeField(
        label="Maintenance window ends",
        initial=DEFAULT_WINDOW.end,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="By the site's own clock, at most 4 hours. The same time twice means that there is no window.",
    )

    def clean_zone(self) -> str:
        try:
            return read_zone(self.cleaned_data["zone"].strip())
        except InvalidInputError as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cleaned_data
        if "window_start" in found and "window_end" in found:
            try:
                found["window"] = MaintenanceWindow(found["window_start"], found["window_end"])
            except InvalidInputError as error:
                self.add_error("window_end", str(error))
        return found


class SiteForm(WindowForm):
    """A new site."""

    name = forms.CharField(max_length=100)
    context_path = forms.CharField(
        label="Context path",
        max_length=50,
        required=False,
        help_text="Like /alpha: the site stands under this address of the host service.",
    )
    host_name = forms.CharField(
        label="Host name",
        max_length=253,
        required=False,
        help_text="Like jira.example.com: for a site with a name of its own, instead of a context path.",
    )
    field_order = ("name", "context_path", "host_name", "zone", "window_start", "window_end")

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        if bool(found.get("context_path")) == bool(found.get("host_name")):
            self.add_error("context_path", "Give either a context path or a host name.")
        return found


class ProductEditionForm(forms.Form):
    """The edition of the site's own product."""

    product_edition = forms.ChoiceField(
        label="Edition",
        choices=[(each.value, each.value.title()) for each in ProductEdition],
        help_text="It limits no app: also a site on Free can have the Advanced edition of an app.",
    )


class MemberForm(forms.Form):
    email = forms.EmailField(label="E-mail address", max_length=254, help_text="Of somebody who has an account here.")
    role = forms.ChoiceField(
        choices=[(ADMIN, "administrator: decides about apps and updates"), (USER, "user: sees them")]
    )


def zones() -> list[str]:
    """The names a person may mean."""
    return sorted(name for name in available_timezones() if "/" in name or name == "UTC")
