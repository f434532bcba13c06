"""Numbering: which change makes which version, and why."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.core.documents import compared, documents, good, reordered, without

from tradepost.core.consent import ConsentKind, ConsentPolicy, decide_consent
from tradepost.core.descriptor import facts_of, normalise
from tradepost.core.difference import same_value
from tradepost.core.errors import ProblemsError
from tradepost.core.release import Refusal, Release, compare_documents, decide_release, decide_review, separable
from tradepost.core.version import Change, Version

LIVE = Version(1, 4, 2)


def rules(before, after):
    return {(reason.rule, reason.pointer, reason.consent) for reason in compare_documents(before, after)}


def number_after(before, after):
    decision = decide_release((LIVE, before), after)
    return str(decision.version) if isinstance(decision, Release) else decision


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (good(), reordered(good())),
        (good(scopes=["READ", "WRITE"]), good(scopes=["write", "Read", "READ"])),
        (good(version="1"), good(version="2")),
        (good(version={"a": 1}), good()),
        (good(scopes=None), without("scopes")),
        (good(scopes=[]), without("scopes")),
        (good(apiVersion=None), good()),
        (good(apiVersion=-7), good(apiVersion=1)),
        (good(apiVersion=0), good()),
        (good(enableLicensing=None), good()),
        (good(enableLicensing=False), good()),
    ],
)
def test_these_differences_make_no_version(before, after):
    assert decide_release((LIVE, before), after) is None
    assert decide_release((LIVE, after), before) is None


@pytest.mark.parametrize(
    ("before", "after", "number", "reasons"),
    [
        (good(), good(apiVersion=2), "2.0.0", {("api_version.raised", "/apiVersion", True)}),
        (good(), good(apiVersion=7, scopes=[]), "7.0.0",
         {("api_version.raised", "/apiVersion", True), ("scope.removed", "/scopes", False)}),
        (good(), good(scopes=["READ", "WRITE"]), "1.5.0", {("scope.added", "/scopes", True)}),
        (good(scopes=["WRITE"]), good(scopes=["WRITE", "READ"]), "1.5.0", {("scope.added", "/scopes", False)}),
        (good(scopes=["NONE"]), good(scopes=[]), "1.5.0", {("scope.removed", "/scopes", False)}),
        (good(scopes=[]), good(scopes=["NONE"]), "1.5.0", {("scope.added", "/scopes", False)}),
        (good(scopes=["ADMIN"]), good(scopes=["READ"]), "1.5.0",
         {("scope.added", "/scopes", False), ("scope.removed", "/scopes", False)}),
        (good(), good(enableLicensing=True), "1.5.0", {("licensing.enabled", "/enableLicensing", True)}),
        (good(enableLicensing=True), good(), "1.4.3", {("licensing.disabled", "/enableLicensing", False)}),
        (good(), good(baseUrl="https://b.example"), "1.4.3", {("base_url.changed", "/baseUrl", False)}),
        (good(), good(name="Other"), "1.4.3", {("field.changed", "/name", False)}),
        (good(), without("name"), "1.4.3", {("field.removed", "/name", False)}),
        (good(), good(**{"a/b~c": None}), "1.4.3", {("field.added", "/a~1b~0c", False)}),
        (good(vendor=None), good(), "1.4.3", {("field.removed", "/vendor", False)}),
        (good(), good(lifecycle={"installed": "/x", "enabled": "/e"}), "1.4.3",
         {("lifecycle.changed", "/lifecycle/installed", False), ("lifecycle.changed", "/lifecycle/enabled", False)}),
        (without("lifecycle"), good(lifecycle={}), "1.4.3", {("lifecycle.changed", "/lifecycle", False)}),
        (good(), good(apiMigrations={"signed-install": True}), "1.4.3",
         {("migrations.changed", "/apiMigrations/signed-install", False)}),
        (good(apiMigrations={"gdpr": True}), good(apiMigrations={"gdpr": 1}), "1.4.3",
         {("migrations.changed", "/apiMigrations/gdpr", False)}),
        (without("modules"), good(modules={}), "1.4.3", {("field.added", "/modules", False)}),
        (good(modules={}), good(modules={"webPanels": []}), "1.4.3", {("module.added", "/modules/webPanels", False)}),
        (good(modules={"a/b": 1}), good(modules={"a/b": True}), "1.4.3", {("module.changed", "/modules/a~1b", False)}),
        (without("modules"), good(), "1.4.3",
         {("module.added", "/modules/webPanels/0", False), ("module.added", "/modules/webPanels/1", False)}),
    ],
)  # fmt: skip
def test_these_differences_make_this_number_for_these_reasons(before, after, number, reasons):
    assert number_after(before, after) == number
    assert rules(before, after) == reasons


def panels(*entries):
    return good(modules={"webPanels": list(entries)})


A, B, C = {"key": "a", "url": "/a"}, {"key": "b", "url": "/b"}, {"key": "c", "url": "/c"}


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (panels(A, B), panels(C, A, B), {("module.added", 0)}),
        (panels(A, B, C), panels(B, C), {("module.removed", 0)}),
        (panels(A, B, C), panels(B, C, A), {("module.moved", 2)}),
        (panels(A, B), panels(A, B | {"url": "/other"}), {("module.changed", 1)}),
        (panels(A, B), panels(A, {"key": "b", "url": 1}), {("module.changed", 1)}),
        (panels(A, B), panels(B | {"url": "/other"}, A), {("module.moved", 0), ("module.changed", 0)}),
        (panels(A, A), panels(A), {("module.removed", 1)}),
        (panels({"url": "/a"}, {"url": "/b"}), panels({"url": "/b"}), {("module.removed", 0)}),
        (panels({"url": "/a"}, {"url": "/b"}), panels({"url": "/a"}, {"url": "/c"}), {("module.changed", 1)}),
        (panels(A), panels({"key": "a"}), {("module.changed", 0)}),
    ],
)
def test_modules_are_matched_by_their_keys(before, after, reasons):
    found = {(reason.rule, reason.pointer) for reason in compare_documents(before, after)}

    assert {(rule, f"/modules/webPanels/{place}") for rule, place in reasons} == found


def test_the_first_version_starts_at_the_api_version_and_says_so():
    decision = decide_release(None, good(apiVersion=3))

    assert decision.version == Version(3, 0, 0)
    assert [reason.rule for reason in decision.reasons] == ["version.first"]


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (good(apiVersion=2), good(), "api_version.lowered"),
        (good(apiVersion=2), good(apiVersion=-1), "api_version.lowered"),
        (good(), good(key="other"), "key.changed"),
        (good(), without("key"), "key.changed"),
        (good(key=None), without("key"), "key.changed"),
        (good(key=1), good(key=True), "key.changed"),
    ],
)
def test_a_lower_api_version_and_another_key_are_refused(before, after, rule):
    decision = decide_release((LIVE, before), after)

    assert isinstance(decision, Refusal)
    assert decision.rule == rule


@pytest.mark.parametrize(
    "wrong", [{"apiVersion": True}, {"scopes": "READ"}, {"scopes": [1]}, {"enableLicensing": "no"}]
)
def test_wrong_types_in_the_fields_the_rules_read_are_problems(wrong):
    with pytest.raises(ProblemsError):
        decide_release((LIVE, good()), good(**wrong))


@given(documents, documents)
def test_there_is_a_reason_exactly_when_something_counts(before, after):
    differs = compared(before) != compared(after)

    assert bool(compare_documents(before, after)) == differs
    assert same_value(normalise(before), normalise(after)) != differs


@given(documents)
def test_a_document_is_no_change_to_itself_however_its_keys_are_ordered(document):
    assert compare_documents(document, reordered(document)) == ()


@given(documents, documents, st.sampled_from([ConsentPolicy(), ConsentPolicy(api_version_needs_consent=False)]))
def test_consent_is_what_a_site_that_runs_the_old_document_is_asked(before, after, policy):
    verdict = decide_consent(facts_of(before).terms, facts_of(after).terms, policy=policy)
    reasons = compare_documents(before, after, policy=policy)

    assert any(reason.consent for reason in reasons) == (verdict.kind is ConsentKind.NEEDED)


@given(documents, documents)
def test_the_number_says_the_gravest_change(before, after):
    decision = decide_release((LIVE, before), after)
    old, new = facts_of(before), facts_of(after)
    assume(isinstance(decision, Release))

    if new.api_version > old.api_version:
        expected = Change.MAJOR
    elif new.scopes != old.scopes or (new.enable_licensing and not old.enable_licensing):
        expected = Change.MINOR
    else:
        expected = Change.PATCH
    assert decision.change is expected
    assert decision.version == LIVE.bump(expected, new.api_version)


@given(st.lists(documents, min_size=1, max_size=8))
def test_numbers_only_rise_and_are_never_used_again(history):
    newest = None
    numbers = []
    for document in history:
        decision = decide_release(newest, document)
        if isinstance(decision, Release):
            numbers.append(decision.version)
            newest = (decision.version, document)
            assert decision.version.major == facts_of(document).api_version

    assert all(before < after for before, after in pairwise(numbers))


@given(documents, documents)
def test_what_could_go_alone_is_named_only_beside_something_that_could_not(before, after):
    reasons = compare_documents(before, after)
    named = separable(reasons)

    held = {reason.pointer for reason in reasons if reason.consent}
    assert set(named) == ({reason.pointer for reason in reasons} - held if held else set())
    assert len(named) == len(set(named))


def test_a_module_could_go_out_before_the_scope_it_rides_with():
    after = good(scopes=["READ", "ADMIN"], modules={"webPanels": []}, name="Other")

    named = separable(compare_documents(good(scopes=["READ", "X"]), after))

    assert named == ("/modules/webPanels/0", "/modules/webPanels/1", "/name")


@pytest.mark.parametrize(
    ("public", "last_offered", "new", "due"),
    [
        (False, None, good(), []),
        (False, good(), good(baseUrl="https://b.example"), []),
        (True, None, good(), ["review.first"]),
        (True, good(), good(scopes=["ADMIN"], apiVersion=2), []),
        (True, good(), good(baseUrl="https://b.example"), ["review.base_url"]),
        (True, good(), good(enableLicensing=True), ["review.payment"]),
        (True, good(enableLicensing=True), good(), ["review.payment"]),
        (True, good(enableLicensing=False), good(), []),
    ],
)
def test_review_is_due_for_the_first_version_another_address_and_another_payment_model(public, last_offered, new, due):
    reasons = decide_review(public=public, last_offered=last_offered, new=new)

    assert [reason.rule for reason in reasons] == due
