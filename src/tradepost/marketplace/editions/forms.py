"""The forms about editions: a feature, and the prices."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms

from tradepost.core.edition import Edition
from tradepost.core.errors import Problem, ProblemsError, TradepostError

from .checks import HIGHEST_PRICE, LONGEST_NAME, LONGEST_TEXT
from .drafts import PERIODS, Draft, FeatureDraft, FeatureKind, PriceDraft
from .queries import ModuleChoice
from .showing import PERIOD_WORDS

KIND_WORDS = {
    FeatureKind.PRODUCT: "of the app itself",
    FeatureKind.SERVICE: "a service beside it, such as support or hosting",
}


class FeatureForm(forms.Form):
    """One feature. `revision` is that of the editions that the vendor saw."""

    name = forms.CharField(max_length=LONGEST_NAME, help_text="As customers read it when they compare editions.")
    text = forms.CharField(
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What it is good for. May be changed at any time, without a review.",
    )
    kind = forms.ChoiceField(
        choices=[(kind, f"{kind}: {words}") for kind, words in KIND_WORDS.items()], label="Kind of feature"
    )
    editions = forms.MultipleChoiceField(
        choices=[(edition, edition.word) for edition in Edition],
        widget=forms.CheckboxSelectMultiple,
        label="Editions that have it",
        help_text="What a lower edition has is usually in the higher one, too.",
    )
    modules = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Modules that make it",
        help_text=(
            "From the live version. Before they switch, administrators read which modules come and go. Whether a "
            "module shows is decided by its own conditions in your descriptor."
        ),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(
        self, *args: Any, modules: Iterable[ModuleChoice], feature: FeatureDraft | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.feature = feature
        choices = {each.key: f"{each.name} ({each.key}, {each.kind})" for each in modules}
        for key in feature.modules if feature else ():
            choices.setdefault(key, f"{key} (not in the live version any more)")
        field = self.fields["modules"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(choices.items())
        if not choices:
            del self.fields["modules"]

    def draft(self) -> FeatureDraft:
        given = self.cleaned_data
        return FeatureDraft(
            id=self.feature.id if self.feature else "",
            name=given["name"],
            text=given["text"],
            kind=given["kind"],
            in_editions=tuple(given["editions"]),
            modules=tuple(given.get("modules", ())),
        )


def feature_initial(feature: FeatureDraft | None, revision: int) -> dict[str, Any]:
    """What the form of a feature shows first."""
    if feature is None:
        return {"editions": list(Edition), "revision": revision}
    return {
        "name": feature.name,
        "text": feature.text,
        "kind": feature.kind,
        "editions": list(feature.in_editions),
        "modules": list(feature.modules),
        "revision": revision,
    }


class PricesForm(forms.Form):
    """A price for each edition and period; an empty one is not sold."""

    currency = forms.CharField(max_length=3, min_length=3, widget=forms.TextInput(attrs={"size": 4}))
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for edition in Edition:
            for period in PERIODS:
                self.fields[f"{edition}_{period}"] = forms.DecimalField(
                    required=False,
                    min_value=Decimal(0),
                    max_value=HIGHEST_PRICE,
                    decimal_places=2,
                    label=f"{edition.word}, per user and {PERIOD_WORDS[period]}",
                    widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
                )

    @property
    def amounts(self) -> list[list[forms.BoundField]]:
        """The fields of prices, a row for each period."""
        return [[self[f"{edition}_{period}"] for edition in Edition] for period in PERIODS]

    def prices(self) -> tuple[PriceDraft, ...]:
        given = self.cleaned_data
        return tuple(
            PriceDraft(edition=edition, period=period, per_user=amount)
            for edition in Edition
            for period in PERIODS
            if (amount := given[f"{edition}_{period}"]) is not None
        )


def prices_initial(draft: Draft, revision: int) -> dict[str, Any]:
    """What the form of prices shows first."""
    amounts = {f"{price.edition}_{price.period}": price.per_user for price in draft.prices}
    return {"currency": draft.currency, "revision": revision, **amounts}


def explain(form: forms.Form, error: TradepostError, *, place: str = "") -> None:
    """Put what a command refused beside the field it is about; `place` points to what the form edits."""
    if isinstance(error, ProblemsError):
        for problem in error.problems:
            form.add_error(_field(form, problem, place), problem.text)
    else:
        form.add_error(None, str(error))


def _field(form: forms.Form, problem: Problem, place: str) -> str | None:
    if place and not problem.pointer.startswith(f"{place}/"):
        return None
    name = problem.pointer.removeprefix(place).strip("/").split("/")[0]
    return name if name in form.fields else None
