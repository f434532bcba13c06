"""The forms about vendors and listings, and how an error of a command comes to stand beside its field."""

from typing import Any

from django import forms

from tradepost.core.errors import InvalidInputError, ProblemsError, TradepostError

from . import queries
from .commands import LONGEST_URL, ROLES


def explain(form: forms.Form, error: TradepostError, *, at: str | None = None) -> None:
    """Put what a command refused beside the field it names, or beside `at`, or above the form."""
    pointed = error.pointer.lstrip("/") if isinstance(error, InvalidInputError) else ""
    field = pointed if pointed in form.fields else at
    if isinstance(error, ProblemsError):
        count = len(error.problems)
        form.problems = error.problems  # type: ignore[attr-defined]  shown by catalog/problems.html
        form.add_error(field, f"The descriptor has {count} problem{'' if count == 1 else 's'}; they are listed below.")
    else:
        form.add_error(field, str(error))


class AddressForm(forms.Form):
    """Where a descriptor is. What may be asked is said by the client that asks."""

    descriptor_url = forms.CharField(
        label="Address of the descriptor",
        max_length=LONGEST_URL,
        help_text="Where your service answers with its descriptor, for example https://app.example.com/descriptor.json",
        widget=forms.URLInput(attrs={"autocomplete": "url", "spellcheck": "false"}),
    )


class ListAppForm(AddressForm):
    vendor = forms.ModelChoiceField(queryset=None, empty_label=None)

    def __init__(self, *args: Any, caller: queries.Caller, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["vendor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = queries.vendors(caller)
        self.order_fields(["vendor", "descriptor_url"])


class EnvironmentForm(AddressForm):
    environment = forms.ChoiceField()
    field_order = ("environment", "descriptor_url")

    def __init__(self, *args: Any, missing: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["environment"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each, each) for each in missing]


class VendorForm(forms.Form):
    name = forms.CharField(max_length=100)
    contact_email = forms.EmailField(
        max_length=254,
        label="Contact address",
        help_text="Notices go here until the vendor has people who can sign in.",
    )


class RoleForm(forms.Form):
    role = forms.ChoiceField(
        choices=[(role, role) for role in reversed(ROLES)],
        help_text="A developer manages the apps, an owner also the people.",
    )


class MemberForm(RoleForm):
    email = forms.EmailField(
        max_length=254, label="E-mail", help_text="Somebody who is new here is invited by mail to choose a password."
    )
    field_order = ("email", "role")
