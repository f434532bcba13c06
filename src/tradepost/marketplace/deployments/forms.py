"""The forms about deployed apps."""

from typing import Any

from django import forms

from tradepost.foundation.callers import Caller
from tradepost.foundation.configuration import configuration
from tradepost.marketplace.catalog import queries as catalog

from .fields import LONGEST_APP_ID, LONGEST_NAME, MOST_MAJOR

MOST_CHARACTERS = configuration.limits.document_bytes


class RegisterForm(forms.Form):
    name = forms.CharField(max_length=LONGEST_NAME, help_text="What people call the app.")
    app_id = forms.CharField(
        label="app.id",
        required=False,
        max_length=LONGEST_APP_ID,
        help_text="As it stands in the manifest. Left empty, one is drawn, which you write into the manifest.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
    )
    vendor = forms.ModelChoiceField(queryset=None, empty_label=None)

    def __init__(self, *args: Any, caller: Caller, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["vendor"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = catalog.vendors(caller)
        self.order_fields(["vendor", "name", "app_id"])


class TrialForm(forms.Form):
    """A manifest to look at, and where it would be deployed."""

    environment = forms.ChoiceField()
    major_version = forms.IntegerField(
        label="An older major",
        required=False,
        min_value=0,
        max_value=MOST_MAJOR,
        help_text="Only for a backport: the major whose sites shall get it.",
    )
    text = forms.CharField(
        label="Manifest",
        strip=False,
        max_length=MOST_CHARACTERS,
        help_text="YAML. Nothing is deployed.",
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, environments: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["environment"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each, each) for each in environments]
