"""The schema of descriptors says what a listing says, in both drafts."""

import copy
import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator
from tests.core.documents import documents, good, without
from tests.core.module_documents import GOOD, module_documents, with_module

from tradepost.core.descriptor import ListingPolicy, read_descriptor
from tradepost.core.schema import descriptor_schema, descriptor_schema_draft04, draft04

NEWER = Draft202012Validator(descriptor_schema())
OLDER = Draft4Validator(descriptor_schema_draft04())
ONLY_AT_LISTING = re.compile(
    r"document\..*|.*\.unknown|condition\.(?:unsupported|limit)|module\.(?:repeated|url)|modules\.limit"
    r"|base_url\..*|key\.form"
)
"""What a schema cannot say, or need not: what is unknown is allowed."""
ALSO_UNKNOWN = {"authentication.unknown"}


def found_at_listing(document):
    _, problems, warnings = read_descriptor(document, policy=ListingPolicy(development=True))
    return {found.rule for found in (*problems, *warnings)}


def told_by_schema(rules):
    return {rule for rule in rules if rule in ALSO_UNKNOWN or not ONLY_AT_LISTING.fullmatch(rule)}


def has_round_floats(value):
    """1.0 is an integer to draft 2020-12 and none to draft-04, and not to a listing."""
    return re.search(r"\d\.0\b|\de[+]?\d", json.dumps(value)) is not None


def test_both_drafts_are_schemas():
    Draft202012Validator.check_schema(descriptor_schema())
    Draft4Validator.check_schema(descriptor_schema_draft04())


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_module_of_every_type_is_valid_alone_and_in_a_list(kind):
    for entries in (GOOD[kind], [GOOD[kind]]):
        document = good(modules={kind: entries})
        assert NEWER.is_valid(document)
        assert OLDER.is_valid(document)
        assert found_at_listing(document) == set()


@pytest.mark.parametrize(
    "document",
    [
        without("key"),
        without("baseUrl"),
        without("lifecycle"),
        good(key="a\n"),
        good(key="a" * 65),
        good(baseUrl="ftp://a.example"),
        good(baseUrl="https://a@b.example"),
        good(baseUrl="https://b.example?x"),
        good(authentication={"type": "oauth"}),
        good(authentication="jwt"),
        good(apiVersion="2"),
        good(apiVersion=10_000),
        good(scopes=["a" * 101]),
        good(enableLicensing="yes"),
        good(lifecycle={"installed": "installed"}),
        good(lifecycle={"installed": "/a/%2e./b"}),
        good(lifecycle={"installed": "/.."}),
        good(lifecycle={"installed": "/i", "enabled": "//other.example"}),
        good(modules=[]),
        good(modules={"anything": 7}),
        good(modules={"anything": [7]}),
        with_module("generalPages", url="https:/x\\y"),
        with_module("webItems", context="dialog"),
        with_module("jiraIssueContexts", target={"type": "web_panel"}),
        with_module(conditions=[{"condition": "https://other.example/may-i"}]),
        with_module(conditions=[{"condition": "user_is_admin", "and": []}]),
        with_module(conditions=[{"condition": "capability_set"}]),
        with_module(conditions=[{"or": [{"conditions": [{"condition": "user_is_admin"}], "type": "NOR"}]}]),
    ],
)
def test_what_a_listing_refuses_for_its_shape_the_schema_refuses(document):
    assert not NEWER.is_valid(document)
    assert not OLDER.is_valid(document)
    assert found_at_listing(document)


@settings(max_examples=400)
@given(st.one_of(module_documents(), module_documents(), documents.map(lambda spoiled: good(**spoiled))))
@example(with_module(conditions={"condition": "user_is_admin", "invert": None}))
@example(with_module("webItems", url=None, target={"type": "dialogModule"}))
def test_the_schema_and_a_listing_agree(document):
    if has_round_floats(document):
        return
    rules = found_at_listing(document)

    valid = NEWER.is_valid(document)

    assert valid or rules, list(NEWER.iter_errors(document))
    assert valid or rules - {"module.unknown", "condition.unknown", "condition.unsupported", "field.unknown"}
    assert not valid or not told_by_schema(rules), told_by_schema(rules)
    assert OLDER.is_valid(document) == valid


@pytest.mark.real_descriptors
def test_real_descriptors_without_problems_are_valid_in_both_drafts(real_descriptors):
    valid = 0
    for document in real_documents(real_descriptors):
        rules = found_at_listing(document)
        if not rules - {"field.unknown", "scope.unknown", "module.unknown", "condition.unknown", "lifecycle.unknown"}:
            valid += 1
            assert NEWER.is_valid(document), list(NEWER.iter_errors(document))
        assert OLDER.is_valid(document) == NEWER.is_valid(document)

    assert valid > 100


def real_documents(folder):
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            for version in record.get("transitions", [record]):
                if isinstance(version.get("descriptor"), dict):
                    yield version["descriptor"]


def test_the_older_draft_says_the_newer_words_in_its_own():
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://schema.example",
        "$comment": "no one reads this",
        "properties": {"const": {"const": 1}, "$defs": True, "a": {"$ref": "#/$defs/a", "description": "beside it"}},
        "$defs": {"a": {"exclusiveMinimum": 3, "exclusiveMaximum": 5}},
        "dependentRequired": {"a": ["b"]},
        "additionalProperties": False,
        "allOf": [{"not": False}, {"items": {"enum": [{"const": 1}]}}, {"prefixItems": [{"const": 2}]}],
    }

    before = copy.deepcopy(schema)

    assert draft04(schema) == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {
            "const": {"enum": [1]},
            "$defs": {},
            "a": {"description": "beside it", "allOf": [{"$ref": "#/definitions/a"}]},
        },
        "definitions": {
            "a": {"minimum": 3, "exclusiveMinimum": True, "maximum": 5, "exclusiveMaximum": True},
        },
        "dependencies": {"a": ["b"]},
        "additionalProperties": False,
        "allOf": [{"not": {"not": {}}}, {"items": {"enum": [{"const": 1}]}}, {"items": [{"enum": [2]}]}],
    }
    assert schema == before


@pytest.mark.parametrize("word", ["if", "contains", "unevaluatedProperties", "propertyNames"])
def test_what_the_older_draft_cannot_say_is_not_lost_in_silence(word):
    with pytest.raises(ValueError, match=word):
        draft04({"properties": {"a": {word: {}}}})
