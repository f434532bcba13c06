"""The forms about deploy tokens and trusted builds."""

from django import forms

from tradepost.marketplace.catalog.queries import ENVIRONMENTS

from .claims import LONGEST_NAME as LONGEST_CLAIM_NAME
from .claims import LONGEST_VALUE, MOST_CLAIMS
from .commands import LONGEST_NAME

LIVES = {"7": "a week", "30": "30 days", "90": "90 days", "366": "a year"}
EXAMPLE = "repository: acme/notes\nref: refs/heads/main\nenvironment: production"


class DeployTokenForm(forms.Form):
    name = forms.CharField(max_length=LONGEST_NAME, help_text="Where you will use it, so that you know it again.")
    environment = forms.ChoiceField(choices=[(each, each) for each in ENVIRONMENTS], help_text="It deploys there only.")
    days = forms.ChoiceField(label="It lives for", choices=list(LIVES.items()), initial="90")

    def days_of_life(self) -> int:
        return int(self.cleaned_data["days"])


class TrustedBuildForm(forms.Form):
    """Claims are written one per line; a value may hold colons of its own."""

    environment = forms.ChoiceField(
        choices=[(each, each) for each in ENVIRONMENTS], help_text="They may deploy there only."
    )
    issuer = forms.ChoiceField(help_text="Who signs what your builds say of themselves.")
    claims = forms.CharField(
        label="What such a token must say",
        max_length=MOST_CLAIMS * (LONGEST_CLAIM_NAME + LONGEST_VALUE + 4),
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": EXAMPLE, "spellcheck": "false"}),
        help_text="One claim a line, as name: value. Every one must be there, letter by letter; there are no patterns. "
        "Name sub, or at least two that say whose build it is, and from which branch.",
    )

    def __init__(self, *args: object, issuers: tuple[str, ...], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["issuer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each, each) for each in issuers]

    def clean_claims(self) -> dict[str, str]:
        """Names and values; what they may be is for the command to say."""
        found: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["claims"].splitlines())):
            name, colon, value = line.partition(": ")
            if not colon:
                raise forms.ValidationError(f"“{line[:60]}” is not written as name: value.")
            if name.strip() in found:
                raise forms.ValidationError(f"{name.strip()[:60]} stands there twice.")
            found[name.strip()] = value.strip()
        return found
