"""Reading the YAML of manifests: values, places, limits, and every problem that can be told."""

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.document import DocumentLimits
from tradepost.core.manifest import Manifest, Place
from tradepost.wire import manifest_text
from tradepost.wire.manifest_text import read_manifest

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)
)


def value(text):
    found = read_manifest(text)
    assert found.manifest is not None, found.problems
    return found.manifest.document


def problems(text, **limits):
    found = read_manifest(text, limits=DocumentLimits(**limits))
    assert found.manifest is None
    return [(problem.rule, problem.pointer, problem.line, problem.column) for problem in found.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", "yes"), ("on", "on"), ("NO", "NO"), ("true", True), ("False", False), ("", None), ("~", None),
        ("null", None), ("12", 12), ("-0", 0), ("012", 12), ("0o14", 12), ("0xC", 12), ("1_000", "1_000"),
        ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), (".inf", ".inf"), ("1e999", "1e999"), ("9" * 400, "9" * 400),
        ("2020-01-01", "2020-01-01"), ("12:30:45", "12:30:45"), ("'true'", "true"), ('"1"', "1"), ("!!str 1", "1"),
        ("!!int 1", 1), ("!!float 1", 1), ("!!null ''", None), ("!!timestamp 2020-01-01", "2020-01-01"), ("! 1", "1"),
        ("!!map {b: 1}", {"b": 1}), ("!!seq [1]", [1]), ("*.example.com".replace("*", "'*'"), None),
        ("https://a.example/#x", "https://a.example/#x"), ('"\\u00e4"', "ä"), ("|\n  b\n  c\n", "b\nc\n"),
    ],
)  # fmt: skip
def test_scalars_follow_the_core_schema(text, expected):
    if text.startswith("'*'"):
        assert problems(f"a: {text}")[0][0] == "manifest.not_yaml"
    else:
        found = value(f"a: {text}")["a"]
        assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("text", ["a: 1", "\ufeffa: 1", "a: 1\r\n", "---\na: 1\n...\n", "%YAML 1.2\n---\na: 1",
                                  "{a: 1}", '{"a":1}', "# c\n\na: 1", "'a': 1", "? a\n: 1"])  # fmt: skip
def test_these_are_all_the_same_manifest(text):
    assert value(text) == value(text.encode()) == {"a": 1}


def test_keys_are_text_as_they_were_written():
    assert value("1: a\ntrue: b\n~: c\n1.0: d\n2020-01-01: e\n'<<': f") == {
        "1": "a", "true": "b", "~": "c", "1.0": "d", "2020-01-01": "e", "<<": "f",
    }  # fmt: skip


def test_aliases_are_filled_in_and_merge_keys_give_way_to_own_keys_and_earlier_sources():
    text = "a: &a {x: 1, y: 2}\nb: &b {y: 3, z: 4}\nc: *a\nd: {<<: [*a, *b], x: 0}\ne: {y: 9, <<: *b}\nf: {<<: {g: 1}}"

    found = value(text)

    assert found["c"] == {"x": 1, "y": 2}
    assert found["d"] == {"x": 0, "y": 2, "z": 4}
    assert found["e"] == {"y": 9, "z": 4}
    assert found["f"] == {"g": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("manifest.not_mapping", "", 1, 1)),
        ("# nothing\n---\n", ("manifest.not_mapping", "", 1, 1)),
        ("- a", ("manifest.not_mapping", "", 1, 1)),
        ("just text", ("manifest.not_mapping", "", 1, 1)),
        ("a: b\n c: d", ("manifest.not_yaml", "", 2, 3)),
        ("a:\n\t- b", ("manifest.not_yaml", "", 2, 1)),
        ("a: [b", ("manifest.not_yaml", "", 1, 6)),
        ("a: 'b", ("manifest.not_yaml", "", 1, 6)),
        ("a: @b", ("manifest.not_yaml", "", 1, 4)),
        ("a: 1\n---\nb: 1", ("manifest.documents", "", 2, 1)),
        ("a:\n  b: 1\n  b: 2", ("document.repeated_key", "/a/b", 3, 3)),
        ("1: a\n'1': b", ("document.repeated_key", "/1", 2, 1)),
        ("{a: 1, <<: {}, <<: {b: 1}, <<: {}}", ("document.repeated_key", "", 1, 16)),
        ("a: {? [x] : 1}", ("manifest.key", "/a", 1, 7)),
        ("a: [!!python/object:os.system x]", ("manifest.tag", "/a/0", 1, 5)),
        ("a: !!python/object/apply:os.system [x]", ("manifest.tag", "/a", 1, 4)),
        ("a: !env X", ("manifest.tag", "/a", 1, 4)),
        ("a: !!binary aGk=", ("manifest.tag", "/a", 1, 4)),
        ("a: !!set {b}", ("manifest.tag", "/a", 1, 4)),
        ("a: !!int x", ("manifest.tag", "/a", 1, 4)),
        ("a: !!int true", ("manifest.tag", "/a", 1, 4)),
        ("a: *b", ("manifest.alias", "/a", 1, 4)),
        ("a: &a\n  b: *a", ("manifest.alias", "/a/b", 2, 6)),
        ("a: {<<: 1}", ("manifest.merge", "/a", 1, 9)),
        ("a: {<<: [{}, 1]}", ("manifest.merge", "/a", 1, 9)),
        ("a: ok\nb: x\x00", ("document.bad_text", "", 2, 5)),
        ("a: ok\r\nb: \x1b[1m", ("document.bad_text", "", 2, 4)),
        ("a: \ud800", ("document.not_utf8", "", 1, 4)),
        ('a: "\\0"', ("document.bad_text", "/a", 1, 4)),
        (b"a: 1\nb: \xe4", ("document.not_utf8", "", 2, 4)),
        ("a: 1".encode("utf-16"), ("document.not_utf8", "", 1, 1)),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_said_with_line_and_column(text, expected):
    assert problems(text)[0] == expected


def test_every_problem_is_said_at_once():
    text = "a: 1\na: 2\nb: !x 1\nc: *d\ne: {f: 1, f: 2}\ng: {<<: 1}\n"

    assert [(rule, line) for rule, _, line, _ in problems(text)] == [
        ("document.repeated_key", 2), ("manifest.tag", 3), ("manifest.alias", 4), ("document.repeated_key", 5),
        ("manifest.merge", 6),
    ]  # fmt: skip
    assert len(problems("a: *a\n" * 1000)) == 20


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: " + "x" * (1024 * 1024), "document.too_large"),
        ("{a: " * 65 + "}" * 65, "document.too_deep"),
        ("[" * 500_000, "document.too_deep"),
        ("- " * 500_000, "document.too_deep"),
        ("? " * 500_000, "document.too_deep"),
        ("a: [" + "x," * 250_000 + "]", "document.too_many"),
        ("a: [" + "[]," * 250_000 + "]", "document.too_many"),
        (LAUGHS, "document.too_many"),
        ("a: &a " + "x" * 100_000 + "\nb: [" + "*a," * 1000 + "]", "document.too_large"),
        ("a: &a {" + "x" * 1_000 + ": 1}\nb: [" + "*a," * 2000 + "]", "document.too_large"),
        ("a: &a {b: &b {c: &c {d: 1}}}\n" + "e: " + "{f: " * 61 + "*a" + "}" * 61, "document.too_deep"),
        ("a: &a {b: 1}\n" + "c: {<<: [" + "*a," * 150_000 + "]}", "document.too_many"),
    ],
    ids=range(12),
)
def test_hostile_texts_are_refused_in_no_time(text, rule):
    start = time.process_time()

    assert [found[0] for found in problems(text)][-1] == rule

    assert time.process_time() - start < 5


def test_limits_are_exact():
    text = "a: {b: [1, 2]}"

    assert read_manifest(text, limits=DocumentLimits(len(text), 3, 5)).manifest is not None
    assert problems(text, max_bytes=len(text) - 1)
    assert problems(text, max_depth=2) == [("document.too_deep", "/a/b", 1, 8)]
    assert problems(text, max_items=4)[0][0] == "document.too_many"


def test_places_are_those_of_keys_in_mappings_and_of_items_in_lists():
    manifest = read_manifest("a:\n  - b: 'ä'\n    c/d:\n      - 1\n  - {e: 007}\n").manifest

    assert manifest.place_of(()) == Place(1, 1)
    assert manifest.place_of(("a",)) == Place(1, 1)
    assert manifest.place_of(("a", 0)) == Place(2, 5)
    assert manifest.place_of(("a", 0, "c/d")) == Place(3, 5)
    assert manifest.place_of(("a", 0, "c/d", 0)) == Place(4, 9)
    assert manifest.place_of(("a", 1, "e")) == Place(5, 6)
    assert manifest.spelling_of(("a", 1, "e")) == "007"
    assert (
        manifest.place_of(("a", 7)) is manifest.place_of(("a", 0, "b", "x", "y")) is manifest.place_of(("z",)) is None
    )


def test_the_parser_in_python_gives_the_same(monkeypatch):
    texts = ["a: &a [1, {b: c}]\nd: *a\ne: {<<: {f: 1}}\n", "a: 1\na: 2\nb: !x 1"]
    fast = [read_manifest(text) for text in texts]

    monkeypatch.setattr(manifest_text, "_LOADER", yaml.SafeLoader)
    slow = [read_manifest(text) for text in texts]

    assert slow == fast


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc é:#", max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc-: ", min_size=1), json_values), st.booleans(), st.sampled_from("\"'"))
def test_what_was_written_is_read(document, flow, quotes):
    assert value(yaml.safe_dump(document, default_flow_style=flow, default_style=quotes)) == document


@given(st.text() | st.binary() | st.text("ab:-[]{}&*<>!|'\"#?, \n\t0", max_size=40))
def test_any_text_is_read_or_refused_with_a_place(text):
    found = read_manifest(text)

    assert isinstance(found.manifest, Manifest) == (not found.problems)
    assert all(problem.line >= 1 and problem.column >= 1 and problem.rule for problem in found.problems)


def test_a_hundred_manifests_of_100_kilobytes_take_seconds():
    module = "    - key: fn-{}\n      handler: index.handler{}\n      timeoutSeconds: {}\n"
    text = "modules:\n  function:\n" + "".join(module.format(n, n, n) for n in range(1300))
    assert len(text) > 95_000

    start = time.process_time()
    for _ in range(10):
        assert read_manifest(text).manifest is not None

    assert time.process_time() - start < 5
