"""`tradepost replay` with histories of manifests, run as a person or a script runs it."""

import json
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.core import manifest_oracle as oracle
from tests.core.real_manifests import real_histories

from tradepost.wire.manifest_text import read_manifest

COMMAND = Path(sys.executable).with_name("tradepost")
ONE = {"commit": "c1", "raw": "app: {id: a}\n", "manifest": {"app": {"id": "a"}}, "valid_yaml": True}
TWO = {"commit": "c2", "raw": "app: {id: a}\npermissions:\n  scopes: [x]\n", "manifest": {}, "valid_yaml": True}


def run(*arguments, stdin=b""):
    return subprocess.run(
        [COMMAND, "replay", *map(str, arguments)], input=stdin, capture_output=True, timeout=120, check=False
    )


def replay(*records):
    done = run("-", "--json", stdin=b"\n".join(json.dumps(record).encode() for record in records))
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def history(*steps):
    return {"repo": "me/app", "path": "manifest.yml", "transitions": list(steps)}


def changes(line):
    return [(step["change"], step["version"], step["consent"]) for step in line["steps"]]


def test_a_history_of_manifests_has_the_fields_of_one_of_descriptors():
    done, [line] = replay(history(ONE, TWO))

    assert (done.returncode, done.stderr) == (0, b"")
    assert list(line) == ["repo", "path", "steps"]
    assert [list(step) for step in line["steps"]] == [["commit", "change", "version", "consent", "reasons"]] * 2
    assert changes(line) == [("first", "1.1.0", False), ("major", "2.0.0", True)]
    [reason] = line["steps"][1]["reasons"]
    assert (reason["rule"], reason["pointer"], reason["line"], reason["column"]) == (
        "manifest_scope.added", "/permissions/scopes/0", 3, 12,
    )  # fmt: skip


def test_the_text_counts_where_it_is_present_and_the_value_where_it_is_not():
    _, [line] = replay(history(
        {"manifest": {"app": {"id": "a"}}},
        {"manifest": {"app": {"id": "b"}}, "raw": "app: {id: a}"},
        {"manifest": "app: {id: a}\n", "valid_yaml": False},
        {"manifest": "app: {id: a}\n", "valid_yaml": True},
        {"manifest": None, "valid_yaml": True},
        {"raw": "a: [", "manifest": "a: [", "valid_yaml": False},
        {"raw": "app: {id: a}"},
    ))  # fmt: skip

    assert [change for change, _, _ in changes(line)] == [
        "first", "minor", "minor", "invalid", "invalid", "invalid", "minor",
    ]  # fmt: skip


def test_a_record_without_transitions_is_a_history_of_one_deployment():
    _, [line] = replay({"repo": "me/app", "path": "manifest.yml", **ONE})

    assert changes(line) == [("first", "1.1.0", False)]


def test_both_kinds_may_stand_in_one_file_and_in_one_history():
    deployed = {"manifest": {"app": {"id": "a", "connect": {"key": "k"}}}}
    done, lines = replay(history(ONE), history({"descriptor": {"key": "k"}}, deployed, {"raw": "", "descriptor": {}}))

    assert done.returncode == 0
    assert [[change for change, _, _ in changes(line)] for line in lines] == [["first"], ["first", "major", "invalid"]]
    assert changes(lines[1])[1] == ("major", "2.0.0", True)


@pytest.mark.parametrize("step", [{"manifest": {}, "raw": 5}, {"valid_yaml": True}])
def test_a_line_that_cannot_be_read_is_named_and_the_others_are_replayed(step):
    done, lines = replay(history(ONE), history(step), history(ONE))

    assert done.returncode == 1
    assert b"line 2" in done.stderr
    assert b"Traceback" not in done.stderr
    assert len(lines) == 2


def test_people_get_the_table_of_outcomes():
    text = run("-", stdin=json.dumps(history(ONE, TWO)).encode()).stdout.decode()

    assert "me/app manifest.yml" in text
    assert "2.0.0" in text


def test_people_are_told_which_rules_decided_how_many_steps():
    three = {"raw": "app: {id: a}\npermissions:\n  scopes: [x, y]\nmodules: {panel: [{key: p}]}\n", "manifest": {}}
    four = {"raw": three["raw"].replace("key: p", "key: p, title: P"), "manifest": {}}

    text = run("-", stdin=json.dumps(history(ONE, TWO, three, four)).encode()).stdout.decode()
    rows = {cells[0]: cells[1:] for line in text.splitlines() if (cells := line.split())}

    assert rows["why"] == ["major", "minor"]
    assert rows["manifest_scope.added"] == ["2", "0"]
    assert rows["manifest_module.changed"] == ["0", "1"]
    assert "manifest_module.added" not in rows, "a new panel decided nothing beside a new scope"


def test_a_hundred_steps_of_100_kilobytes_take_seconds():
    module = "    - key: fn-{}\n      handler: index.handler{}\n      timeoutSeconds: {}\n"
    text = "app: {id: a}\nmodules:\n  function:\n" + "".join(module.format(n, n, n) for n in range(1300))
    steps = [{"manifest": {}, "raw": f"{text}# {n}\n"} for n in range(100)]

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    _, [line] = replay(history(*steps))

    assert line["steps"][-1]["version"] == "1.100.0"
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 15


@pytest.mark.real_descriptors
def test_every_real_history_is_replayed_as_a_naive_second_reading_says(real_descriptors):
    done = run(real_descriptors / "forge_histories.jsonl", "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = Counter()
    for versions, line in zip(real_histories(real_descriptors), lines, strict=True):
        assert [(step["change"], step["version"]) for step in line["steps"]] == list(expected(versions))
        assert all(step["consent"] == (step["change"] == "major") for step in line["steps"])
        found.update(step["change"] for step in line["steps"])

    assert done.returncode == 0
    assert found == {"first": 67, "minor": 103, "major": 47, "invalid": 1}
    assert why_major(lines) == {
        "egress.added": 17, "manifest_scope.added": 17, "region.changed": 6, "manifest_scope.removed": 3,
        "trigger.dynamic_added": 2, "content.added": 2, "provider.removed": 1, "remote.added": 1, "payment.enabled": 1,
    }  # fmt: skip


def expected(versions):
    """The steps by the second reading; only whether a text is YAML is taken from the reader under test."""
    last, number = None, None
    for version in versions:
        assert (read_manifest(version["raw"]).manifest is not None) == version["valid_yaml"]
        manifest = version["manifest"]
        if not version["valid_yaml"]:
            yield "invalid", number and f"{number[0]}.{number[1]}.0"
            continue
        if last is None or oracle.app_of(last) != oracle.app_of(manifest):
            change, number = "first", (1, 1)
        elif oracle.is_major(last, manifest):
            change, number = "major", (number[0] + 1, 0)
        else:
            change, number = "minor", (number[0], number[1] + 1)
        yield change, f"{number[0]}.{number[1]}.0"
        last = manifest


def why_major(lines):
    """Rule -> in how many majors it is among the reasons."""
    steps = [step for line in lines for step in line["steps"] if step["change"] == "major"]
    return Counter(rule for step in steps for rule in {it["rule"] for it in step["reasons"] if it["consent"]})


@pytest.mark.real_descriptors
def test_every_place_that_a_reason_names_is_in_the_text_it_points_into(real_descriptors):
    lines = [json.loads(line) for line in run(real_descriptors / "forge_histories.jsonl", "--json").stdout.splitlines()]
    seen = 0
    for versions, line in zip(real_histories(real_descriptors), lines, strict=True):
        last = None
        for version, step in zip(versions, line["steps"], strict=True):
            for reason in step["reasons"]:
                if reason["rule"] in {"manifest_scope.added", "manifest_scope.removed"}:
                    text = (version if reason["rule"].endswith("added") else last)["raw"]
                    scope = text.splitlines()[reason["line"] - 1][reason["column"] - 1 :].strip("\"' ")
                    assert scope.split("'")[0].rstrip() in reason["text"]
                    seen += 1
            last = last if step["change"] == "invalid" else version
    assert seen > 20
