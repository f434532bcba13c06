"""The forms of the product. What they take is checked again by the commands, which know the rules."""

from typing import Any

from django import forms

from tradepost.foundation.models import User

from .actors import account_id, display_name
from .limits import LONGEST_DESCRIPTION, LONGEST_NAME, LONGEST_QUERY, LONGEST_SUMMARY, LONGEST_TEXT

_LINES = forms.Textarea(attrs={"rows": 6})


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=LONGEST_NAME)
    description = forms.CharField(
        max_length=LONGEST_DESCRIPTION, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    is_public = forms.BooleanField(
        label="Public", required=False, help_text="Anybody may read the project and its issues, without signing in."
    )


class NewProjectForm(ProjectForm):
    key = forms.CharField(
        max_length=10, help_text="Like DEMO: 2 to 10 letters and digits. Issues are DEMO-1, DEMO-2 and so on, for ever."
    )
    field_order = ("name", "key", "description", "is_public")


class IssueForm(forms.Form):
    """A new issue, or one that is edited: then `version` says which state the editor saw."""

    summary = forms.CharField(max_length=LONGEST_SUMMARY)
    description = forms.CharField(max_length=LONGEST_TEXT, required=False, widget=_LINES)
    assignee = forms.ChoiceField(required=False)
    version = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, assignable: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assignee"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "nobody"), *people_choices(assignable)]


class CommentForm(forms.Form):
    body = forms.CharField(label="Comment", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 4}))


class SearchForm(forms.Form):
    jql = forms.CharField(
        label="Query",
        max_length=LONGEST_QUERY,
        required=False,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text='Like: project = DEMO AND status = "To Do" AND assignee = currentUser() ORDER BY updated DESC',
    )


class GroupForm(forms.Form):
    name = forms.CharField(label="Name of a new group", max_length=LONGEST_NAME)


class GroupMemberForm(forms.Form):
    account = forms.ChoiceField(label="Person")

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = people_choices(people)


class GrantForm(forms.Form):
    """What a group may do in a project."""

    group = forms.ChoiceField()
    permission = forms.ChoiceField()

    def __init__(self, *args: Any, groups: list[str], permissions: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (
            ("group", [(group, group) for group in groups]),
            ("permission", list(permissions.items())),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


def people_choices(people: list[User]) -> list[tuple[str, str]]:
    """Return people to choose from, two of one name told apart by their addresses."""
    names = [display_name(user) for user in people]
    return [
        (account_id(user), name if names.count(name) == 1 else f"{name} ({user.email})")
        for user, name in zip(people, names, strict=True)
    ]
