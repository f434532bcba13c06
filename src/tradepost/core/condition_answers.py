"""What each predefined condition says of a viewer, before `invert`. Source: domain.md 7.5."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tradepost.core.condition_facts import MISSING, ConditionFacts, IssueFacts
from tradepost.core.condition_names import GLOBAL_PERMISSIONS, PROJECT_PERMISSIONS
from tradepost.core.condition_property import contains_all, contains_any, equals, value_at
from tradepost.core.condition_shape import Single
from tradepost.core.document import shown

Params = Mapping[str, str | tuple[str, ...]]

_OWN_PERMISSIONS = PROJECT_PERMISSIONS | GLOBAL_PERMISSIONS


@dataclass(frozen=True, slots=True)
class Answer:
    """What is so, and the sentence that says it."""

    holds: bool
    text: str


def answer(condition: Single, facts: ConditionFacts) -> Answer:
    """What the condition says, `invert` left aside."""
    if condition.known.always_false:
        return Answer(holds=False, text=condition.known.why)
    return _ANSWERS[condition.name](facts, condition.params)


Ask = Callable[[ConditionFacts, Params], Answer]


def _plain(is_so: Callable[[ConditionFacts], bool], yes: str, no: str) -> Ask:
    def ask(facts: ConditionFacts, _: Params) -> Answer:
        holds = is_so(facts)
        return Answer(holds, yes if holds else no)

    return ask


def _of_issue(is_so: Callable[[IssueFacts, ConditionFacts], bool], yes: str, no: str) -> Ask:
    def ask(facts: ConditionFacts, _: Params) -> Answer:
        if facts.issue is None:
            return Answer(holds=False, text="There is no issue here.")
        holds = is_so(facts.issue, facts)
        return Answer(holds, yes if holds else no)

    return ask


def _permission(where: str, lookup: Callable[[ConditionFacts], Callable[[str], bool]]) -> Ask:
    def ask(facts: ConditionFacts, params: Params) -> Answer:
        name = canonical_permission(_text(params, "permission"))
        holds = bool(lookup(facts)(name))
        return Answer(holds, f"The viewer {'has' if holds else 'does not have'} {shown(name)} {where}.")

    return ask


def canonical_permission(name: str) -> str:
    """A permission's name in upper case where it is one of the product's; an app's own stays as it stands."""
    upper = name.strip().upper()
    return upper if upper in _OWN_PERMISSIONS else name.strip()


def _licensed_edition(facts: ConditionFacts, params: Params) -> Answer:
    wanted, has = _text(params, "value"), facts.capability_set
    if has is None:
        return Answer(holds=False, text="The app has no edition at this site.")
    return Answer(has == wanted, f"The app's edition at this site is {shown(has)}; wanted is {shown(wanted)}.")


def _application(facts: ConditionFacts, params: Params) -> Answer:
    key = _text(params, "applicationKey")
    holds = key in facts.applications
    return Answer(holds, f"The viewer {'may' if holds else 'may not'} use the application {shown(key)}.")


def _property_exists(facts: ConditionFacts, params: Params) -> Answer:
    found = _property(facts, params)
    return Answer(found is not MISSING, f"{_place(params)} {'is' if found is MISSING else 'is not'} missing.")


def _property_compared(compare: Callable[[object, str | tuple[str, ...]], bool], yes: str, no: str) -> Ask:
    def ask(facts: ConditionFacts, params: Params) -> Answer:
        return _compared(facts, params, params["value"], compare, (yes, no))

    return ask


def _property_in_context(compare: Callable[[object, str | tuple[str, ...]], bool], yes: str, no: str) -> Ask:
    def ask(facts: ConditionFacts, params: Params) -> Answer:
        name = _text(params, "contextParam")
        wanted = facts.context.get(name)
        if wanted is None:
            return Answer(holds=False, text=f"There is no {shown(name)} here.")
        return _compared(facts, params, (wanted,), compare, (yes, no))

    return ask


def _property_names_group(facts: ConditionFacts, params: Params) -> Answer:
    found = _property(facts, params)
    if found is MISSING:
        return Answer(holds=False, text=f"{_place(params)} is missing.")
    holds = contains_any(found, tuple(sorted(facts.groups)))
    return Answer(holds, f"{_place(params)} names {'a' if holds else 'no'} group of the viewer.")


def _compared(
    facts: ConditionFacts,
    params: Params,
    wanted: str | tuple[str, ...],
    compare: Callable[[object, str | tuple[str, ...]], bool],
    words: tuple[str, str],
) -> Answer:
    found = _property(facts, params)
    if found is MISSING:
        return Answer(holds=False, text=f"{_place(params)} is missing.")
    holds = compare(found, wanted)
    said = wanted if isinstance(wanted, str) else ", ".join(wanted)
    return Answer(holds, f"{_place(params)} {words[0] if holds else words[1]} {shown(said)}.")


def _property(facts: ConditionFacts, params: Params) -> object:
    value = facts.entity_property(_text(params, "entity"), _text(params, "propertyKey"))
    return value_at(value, _text(params, "objectName") or None)


def _place(params: Params) -> str:
    path = _text(params, "objectName")
    inside = f" at {path}" if path else ""
    return shown(f"The {_text(params, 'entity')} property {_text(params, 'propertyKey')}{inside}")


def _text(params: Params, name: str) -> str:
    value = params.get(name, "")
    return value if isinstance(value, str) else ""


_ANSWERS: Mapping[str, Ask] = MappingProxyType(
    {
        "addon_is_licensed": _plain(
            lambda facts: facts.licensed, "The app is licensed.", "The app has no active license at this site."
        ),
        "capability_set": _licensed_edition,
        "user_is_logged_in": _plain(
            lambda facts: facts.viewer is not None, "The viewer is signed in.", "Nobody is signed in."
        ),
        "user_is_admin": _plain(
            lambda facts: facts.viewer is not None and facts.is_admin,
            "The viewer administers the site.",
            "The viewer does not administer the site.",
        ),
        "user_is_sysadmin": _plain(
            lambda facts: facts.viewer is not None and facts.is_sysadmin,
            "The viewer is a system administrator.",
            "The viewer is no system administrator.",
        ),
        "user_is_project_admin": _plain(
            lambda facts: facts.viewer is not None and facts.has_project and facts.is_project_admin,
            "The viewer administers the project.",
            "The viewer does not administer a project here.",
        ),
        "user_is_the_logged_in_user": _plain(
            lambda facts: facts.viewer is not None and facts.viewer == facts.profile_user,
            "The profile is the viewer's own.",
            "The viewer does not look at their own profile.",
        ),
        "has_selected_project": _plain(
            lambda facts: facts.has_project, "The page belongs to a project.", "The page belongs to no project."
        ),
        "is_admin_mode": _plain(
            lambda facts: facts.admin_mode, "This is a page of administration.", "This is no page of administration."
        ),
        "is_issue_assigned_to_current_user": _of_issue(
            lambda issue, facts: facts.viewer is not None and issue.assignee == facts.viewer,
            "The issue is assigned to the viewer.",
            "The issue is not assigned to the viewer.",
        ),
        "is_issue_reported_by_current_user": _of_issue(
            lambda issue, facts: facts.viewer is not None and issue.reporter == facts.viewer,
            "The viewer reported the issue.",
            "The viewer did not report the issue.",
        ),
        "is_issue_unresolved": _of_issue(
            lambda issue, _: not issue.resolved, "The issue is not done.", "The issue is done."
        ),
        "is_issue_editable": _of_issue(
            lambda issue, _: issue.editable, "The viewer may edit the issue.", "The viewer may not edit the issue."
        ),
        "can_use_application": _application,
        "has_global_permission": _permission("in the site", lambda facts: facts.global_permission),
        "has_project_permission": _permission("in a project here", lambda facts: facts.project_permission),
        "has_issue_permission": _permission("on an issue here", lambda facts: facts.issue_permission),
        "entity_property_exists": _property_exists,
        "entity_property_equal_to": _property_compared(equals, "equals", "does not equal"),
        "entity_property_contains_any": _property_compared(contains_any, "holds one of", "holds none of"),
        "entity_property_contains_all": _property_compared(contains_all, "holds all of", "does not hold all of"),
        "entity_property_contains_any_user_group": _property_names_group,
        "entity_property_equal_to_context": _property_in_context(equals, "equals", "does not equal"),
        "entity_property_contains_context": _property_in_context(contains_any, "holds", "does not hold"),
    }
)
