"""Numbering deployments step by step, and histories in which descriptors and manifests meet."""

import pytest
from tests.core.manifest_documents import read

from tradepost.core.history import Parsed, walk_history
from tradepost.core.manifest import ReadManifest
from tradepost.core.manifest_comparison import compare_deployments
from tradepost.core.version import Version
from tradepost.wire.manifest_text import read_manifest

BROKEN = "a: [b"


def source(document):
    if isinstance(document, dict):
        return Parsed(document)
    return document if isinstance(document, ReadManifest) else read_manifest(document)


def walk(*documents):
    return [
        (step.change.value, str(step.version) if step.version else None, step.consent)
        for step in walk_history(source(document) for document in documents)
    ]


def deployed(*scopes, app="a", more=""):
    return f"app: {{id: {app}{more}}}\npermissions: {{scopes: [{', '.join(scopes)}]}}"


def test_deployments_are_numbered_step_by_step():
    assert walk(
        deployed(),
        deployed(),
        deployed("x"),
        deployed("x"),
        deployed("x", "y"),
        deployed(),
        deployed() + "\nmodules: {}",
    ) == [
        ("first", "1.1.0", False),
        ("minor", "1.2.0", False),
        ("major", "2.0.0", True),
        ("minor", "2.1.0", False),
        ("major", "3.0.0", True),
        ("major", "4.0.0", True),
        ("minor", "4.1.0", False),
    ]


def test_another_app_id_is_another_app_and_a_missing_one_a_value_of_its_own():
    assert walk(
        deployed("x"), deployed(app="b"), deployed(app="b"), "modules: {}", "app: {id: }", "app: {}", deployed()
    ) == [
        ("first", "1.1.0", False),
        ("first", "1.1.0", False),
        ("minor", "1.2.0", False),
        ("first", "1.1.0", False),
        ("minor", "1.2.0", False),
        ("minor", "1.3.0", False),
        ("first", "1.1.0", False),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "- a", "text", "5", "null", "# only a comment", BROKEN, "a: 1\na: 1", "a: 1\n---\nb: 1", "a: !x 1",
     "a: \x00", "<<<<<<< ours\na: 1\n", ReadManifest.of_value("text"), ReadManifest.of_value(None),
     ReadManifest.of_value([])],
)  # fmt: skip
def test_what_is_no_yaml_mapping_is_invalid_and_moves_nothing(text):
    assert walk(text, deployed(), text, deployed("x")) == [
        ("invalid", None, False),
        ("first", "1.1.0", False),
        ("invalid", "1.1.0", False),
        ("major", "2.0.0", True),
    ]


def test_an_invalid_step_says_why_and_where():
    [step] = walk_history([read_manifest("a: 1\nb: [")])

    assert [(reason.rule, reason.line, reason.column) for reason in step.reasons] == [("manifest.not_yaml", 2, 5)]


def test_a_watched_app_that_is_deployed_under_its_key_goes_on_after_its_highest_major():
    assert walk(
        {"key": "k", "apiVersion": 3},
        {"key": "k", "apiVersion": 3, "scopes": ["READ"]},
        deployed(more=", connect: {key: k}"),
        deployed(more=", connect: {key: k}"),
        {"key": "k", "apiVersion": 3},
        {"key": "other"},
        deployed(more=", connect: {key: k}"),
    ) == [
        ("first", "3.0.0", False),
        ("minor", "3.1.0", True),
        ("major", "4.0.0", True),
        ("minor", "4.1.0", False),
        ("refused", "4.1.0", False),
        ("first", "1.0.0", False),
        ("first", "1.1.0", False),
    ]


def test_two_manifests_are_compared_as_two_deployments_of_one_app():
    minor, major = (
        compare_deployments(source(deployed()), source(deployed(*scopes)), live=Version(4, 7, 0))
        for scopes in ((), ("x",))
    )

    assert (minor.change, str(minor.next), minor.consent) == ("minor", "4.8.0", False)
    assert (major.change, str(major.next), major.consent) == ("major", "5.0.0", True)
    assert str(compare_deployments(source(deployed()), source(deployed())).next) == "1.2.0"


def test_comparing_two_apps_or_what_is_no_manifest_gives_problems_and_no_number():
    for old, new, place in (
        (deployed(), deployed(app="b"), ("new", "/app/id", 1, 7)),
        (deployed(), "modules: {}", ("new", "", 1, 1)),
        (deployed(), BROKEN, ("new", "", 1, 6)),
        ("a: 1\na: 1", deployed(), ("old", "/a", 2, 1)),
        (deployed(), "app: {id: a}\npermissions:\n  scopes: x", ("new", "/permissions/scopes", 3, 3)),
    ):
        found = compare_deployments(source(old), source(new))
        assert (found.change, found.next, found.reasons, found.consent) == (None, None, (), False)
        [problem] = found.problems
        assert (problem.document, problem.pointer, problem.line, problem.column) == place


def test_minor_changes_that_could_go_out_alone_are_named():
    found = compare_deployments(source(deployed()), source(deployed("x") + "\nresources: []"))

    assert found.separable == ("/resources",)


def test_a_manifest_reads_alike_from_text_and_from_its_parsed_value():
    text = deployed("x", "y", more=", connect: {key: k}")
    parsed = ReadManifest.of_value(dict(read(text).document))

    assert parsed.manifest == read(text)
