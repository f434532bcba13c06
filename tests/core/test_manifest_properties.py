"""What holds for every pair of manifests: spelling plays no part, and a naive second reading agrees."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core import manifest_oracle as oracle
from tests.core.manifest_documents import EXTERNAL, manifests, pairs, read, spellings
from tests.core.real_manifests import neighbours, real_histories

from tradepost.core.manifest import Manifest
from tradepost.core.manifest_explained import MANIFEST_RULES, Effect
from tradepost.core.manifest_facts import facts_of_manifest, find_manifest_problems
from tradepost.core.manifest_release import compare_manifests, is_same_app
from tradepost.core.version import Change


def verdict(old, new):
    return max(reason.change for reason in compare_manifests(Manifest(old), Manifest(new)))


@given(pairs())
@settings(max_examples=600)
def test_the_rules_and_a_naive_second_reading_agree(pair):
    old, new = pair

    assert (verdict(old, new) is Change.MAJOR) == oracle.is_major(old, new)


@given(pairs())
def test_every_reason_is_explained_and_does_what_its_explanation_says(pair):
    reasons = compare_manifests(Manifest(pair[0]), Manifest(pair[1]))

    assert reasons
    for reason in reasons:
        assert MANIFEST_RULES[reason.rule].effect == Effect(reason.change.value)
        assert reason.consent == (reason.change is Change.MAJOR)


@given(pairs(), st.data())
def test_another_spelling_of_either_manifest_changes_nothing_that_is_judged(pair, data):
    old, new = (read(data.draw(spellings(manifest))) for manifest in pair)

    assert find_manifest_problems(old) == find_manifest_problems(new) == ()
    told = [
        {(reason.rule, reason.text) for reason in compare_manifests(*both) if reason.change is Change.MAJOR}
        for both in ((old, new), map(Manifest, pair))
    ]
    assert told[0] == told[1]


@given(manifests, st.data())
def test_another_spelling_of_the_same_manifest_is_minor_and_asks_nothing(manifest, data):
    reasons = compare_manifests(Manifest(manifest), read(data.draw(spellings(manifest))))

    assert {reason.change for reason in reasons} == {Change.MINOR}
    assert {reason.rule for reason in reasons} <= {"manifest.field", "manifest_module.changed", "deployment.unchanged"}


@given(manifests)
def test_the_same_manifest_again_is_a_minor_version_for_one_reason(manifest):
    reasons = compare_manifests(Manifest(manifest), Manifest(copy.deepcopy(manifest)))

    assert [reason.rule for reason in reasons] == ["deployment.unchanged"]


@given(manifests, st.sampled_from(["fetch.backend", "fetch.client", *EXTERNAL]), st.booleans())
def test_whatever_is_added_to_the_addresses_is_major_and_taking_it_back_minor(manifest, kind, written_out):
    more = copy.deepcopy(manifest)
    place = more.setdefault("permissions", {}).setdefault("external", {})
    if "." in kind:
        place, kind = place.setdefault("fetch", {}), kind.partition(".")[2]
    address = "https://new.example"
    place[kind] = [*place.get(kind, []), {"address": address} if written_out else address]

    assert verdict(manifest, more) is Change.MAJOR
    assert verdict(more, manifest) is Change.MINOR


@given(st.lists(manifests, min_size=3, max_size=3))
def test_what_is_minor_twice_in_rights_is_minor_at_once(three):
    """Scopes and providers are kept and addresses only fall, so no jump over a minor version gains anything."""
    one, two, last = (facts_of_manifest(Manifest(manifest)) for manifest in three)
    if verdict(three[0], three[1]) is Change.MINOR and verdict(three[1], three[2]) is Change.MINOR:
        assert one.scopes.keys() == last.scopes.keys()
        assert last.egress.keys() <= two.egress.keys() <= one.egress.keys()


@pytest.mark.real_descriptors
def test_the_second_reading_agrees_on_every_step_of_every_real_history_there_and_back(real_descriptors):
    for old, new in neighbours(real_histories(real_descriptors)):
        assert is_same_app(old, new) == (oracle.app_of(old.document) == oracle.app_of(new.document))
        for before, after in ((old, new), (new, old)):
            found = max(reason.change for reason in compare_manifests(before, after))
            assert (found is Change.MAJOR) == oracle.is_major(before.document, after.document)


@pytest.mark.real_descriptors
def test_no_real_manifest_has_a_wrong_type_where_the_rules_read(real_descriptors):
    for old, new in neighbours(real_histories(real_descriptors)):
        assert find_manifest_problems(old) == find_manifest_problems(new) == ()
