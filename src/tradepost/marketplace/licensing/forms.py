"""The forms about customers and licenses. What may not be is said by the commands."""

from datetime import UTC, datetime
from typing import Any

from django import forms

from tradepost.core.edition import Edition
from tradepost.core.license import PAID, Billing, LicenseTerms, LicenseType, Period
from tradepost.foundation.clock import new_id

from .acts import MOST_USERS, Order

BILLINGS = {
    Billing.IMPROVED: "improved: apps are told of editions",
    Billing.ORIGINAL: "original: apps are never told of editions",
}


class CustomerForm(forms.Form):
    name = forms.CharField(max_length=200)
    contact_email = forms.EmailField(max_length=254, label="Contact address", required=False)
    reference = forms.CharField(
        max_length=100, required=False, help_text="What your billing system calls them; no other customer has it."
    )


class NewCustomerForm(CustomerForm):
    billing = forms.ChoiceField(choices=list(BILLINGS.items()))


class SiteForm(forms.Form):
    site = forms.CharField(
        max_length=500,
        label="Site",
        help_text="Its address, such as https://acme.example.com, or its identifier.",
    )


class ActForm(forms.Form):
    """Everything that is done to a license says why, and what the person saw who did it."""

    why = forms.CharField(max_length=1000, required=False, label="Why", help_text="Stands in the history.")
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    reference = forms.CharField(max_length=100, widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, seen: int, **kwargs: Any) -> None:
        initial = {"seen": seen, "reference": f"page {new_id()}", **kwargs.pop("initial", {})}
        super().__init__(*args, initial=initial, **kwargs)
        self.order_fields([name for name in self.fields if name != "why"] + ["why"])


class OrderForm(ActForm):
    """What a license is to say. It begins with what it says now."""

    period = forms.ChoiceField(choices=[(each.value, each.value) for each in Period])
    kind = forms.ChoiceField(label="Type", choices=[(each.value, each.value) for each in LicenseType])
    user_tier = forms.IntegerField(
        label="Users", required=False, min_value=1, max_value=MOST_USERS, help_text="At most; empty for any number."
    )
    edition = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, seen: int, terms: LicenseTerms, has_editions: bool, **kwargs: Any) -> None:
        self.terms = terms
        now = {"kind": terms.kind, "user_tier": terms.user_tier}
        period = terms.period if terms.state in PAID else Period.MONTHLY
        super().__init__(*args, seen=seen, initial={"period": period, **now}, **kwargs)
        field = self.fields["edition"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "as it is"), *((each.value, each.word) for each in Edition)]
        if not has_editions:
            del self.fields["edition"]


class PaymentForm(OrderForm):
    def order(self) -> Order:
        """All of it: the same form sent twice is the same payment."""
        given = self.cleaned_data
        return Order(
            period=Period(given["period"]),
            kind=LicenseType(given["kind"]),
            user_tier=given["user_tier"],
            is_for_any_number=given["user_tier"] is None,
            edition=_edition(given),
        )


class ChangeForm(OrderForm):
    def order(self) -> Order:
        """What differs from what the license says."""
        given, terms = self.cleaned_data, self.terms
        return Order(
            period=Period(given["period"]) if given["period"] != terms.period else None,
            kind=LicenseType(given["kind"]) if given["kind"] != terms.kind else None,
            user_tier=given["user_tier"] if given["user_tier"] != terms.user_tier else None,
            is_for_any_number=given["user_tier"] is None and terms.user_tier is not None,
            edition=_edition(given),
        )


class TrialForm(ActForm):
    until = forms.DateTimeField(
        label="It ends (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )

    def ends_at(self) -> datetime:
        """What was given, as a time in UTC."""
        given: datetime = self.cleaned_data["until"]
        return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)


def _edition(given: dict[str, Any]) -> Edition | None:
    return Edition(given["edition"]) if given.get("edition") else None
