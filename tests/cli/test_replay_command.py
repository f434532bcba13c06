"""`tradepost replay`, run as a person or a script runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("tradepost")


def run(*arguments, stdin=b""):
    return subprocess.run(
        [COMMAND, "replay", *map(str, arguments)], input=stdin, capture_output=True, timeout=120, check=False
    )


def replay(*records):
    data = b"\n".join(record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)
    done = run("-", "--json", stdin=data)
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def changes(history):
    return [(step["change"], step["version"], step["consent"]) for step in history["steps"]]


def history(*steps, **more):
    return {"repo": "me/app", "path": "descriptor.json", "transitions": list(steps), **more}


def test_each_history_is_one_line_in_the_order_of_the_file():
    done, lines = replay(
        history(
            {"commit": "c1", "descriptor": {"key": "a"}},
            {"commit": "c2", "descriptor": {"key": "a", "scopes": ["READ"]}},
        ),
        {"repo": "you/app", "path": "x.json", "commit": "c3", "descriptor": {"apiVersion": 2}},
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert [(line["repo"], line["path"]) for line in lines] == [("me/app", "descriptor.json"), ("you/app", "x.json")]
    assert [[step["commit"] for step in line["steps"]] for line in lines] == [["c1", "c2"], ["c3"]]
    assert changes(lines[0]) == [("first", "1.0.0", False), ("minor", "1.1.0", True)]
    assert set(lines[0]["steps"][0]) == {"commit", "change", "version", "consent", "reasons"}


def test_the_text_counts_where_it_is_present():
    _, [line] = replay(history(
        {"raw": '\ufeff{"key": "a"}', "descriptor": {"key": "other"}},
        {"raw": '{"key": "a",\r\n"key": "a"}', "descriptor": {"key": "a"}},
        {"raw": None, "descriptor": {"key": "a"}},
    ))  # fmt: skip

    assert [change for change, _, _ in changes(line)] == ["first", "invalid", "none"]


def test_a_descriptor_that_is_text_is_the_text_of_an_invalid_file():
    _, [line] = replay(history(
        {"valid_json": False, "descriptor": '{"key": "a",}'},
        {"valid_json": False, "descriptor": '{"key": "a"}'},
        {"valid_json": True, "descriptor": '{"key": "a"}'},
        {"valid_json": True, "descriptor": None},
    ))  # fmt: skip

    assert [change for change, _, _ in changes(line)] == ["invalid", "first", "invalid", "invalid"]


def test_types_of_numbers_and_repeated_keys_inside_a_line_survive_the_reading():
    line = b'{"transitions": [{"descriptor": {"n": 1}}, {"descriptor": {"n": 1.0}}, {"descriptor": {"n": true}},'
    _, [found] = replay(line + b'{"descriptor": {"n": {"a": 1, "a": 1}}}, {"descriptor": {"n": true}}]}')

    assert [change for change, _, _ in changes(found)] == ["first", "patch", "patch", "invalid", "none"]


def test_integers_have_no_limit():
    high = "9" * 10_000
    parsed = f'{{"descriptor": {{"apiVersion": {high}}}}}'
    text = json.dumps({"raw": f'{{"apiVersion": {high}}}'})
    data = f'{{"transitions": [{{"descriptor": {{}}}}, {parsed}, {text}]}}'

    _, [found] = replay(data.encode())

    assert changes(found) == [("first", "1.0.0", False), ("major", f"{high}.0.0", True), ("none", f"{high}.0.0", False)]


@pytest.mark.parametrize(
    "line",
    [
        b"not JSON", b"[]", b"\xff", b'"text"', b'{"transitions": 5}', b'{"transitions": [5]}', b"{}", b'{"raw": 5}',
        b'{"transitions": [{"commit": "c"}]}', b'{"descriptor": NaN}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named_and_the_others_are_replayed(line):
    done, lines = replay(history({"descriptor": {}}), b"  ", line, history({"descriptor": {}}))

    assert done.returncode == 1
    assert b"line 3" in done.stderr
    assert b"Traceback" not in done.stderr
    assert [changes(found) for found in lines] == [[("first", "1.0.0", False)]] * 2


def test_a_file_that_is_not_there_ends_with_1(tmp_path):
    for place in (tmp_path / "none", tmp_path):
        done = run(place)
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"cannot read" in done.stderr


def test_an_empty_history_has_no_steps_and_an_empty_file_no_lines():
    assert replay(history())[1][0]["steps"] == []
    assert run("-", stdin=b"").stdout.strip() == b"No histories."
    assert run("-", "--json", stdin=b"\n\n").stdout == b""


def test_people_get_a_table_with_a_total_and_all_rows_on_request():
    records = "\n".join(json.dumps(history({"descriptor": {"key": f"a{n}"}})) for n in range(30)).encode()

    some, every = run("-", stdin=records).stdout.decode(), run("-", "--all", stdin=records).stdout.decode()

    assert "30 histories" in some
    assert "10 more" in some
    assert some.count("me/app") == 20
    assert every.count("me/app") == 30


@pytest.mark.real_descriptors
def test_every_file_of_real_descriptors_is_replayed_without_a_crash(real_descriptors):
    for path in sorted(real_descriptors.glob("*.jsonl")):
        done = run(path, "--json")
        assert done.returncode == 0, path
        assert b"Traceback" not in done.stderr
        assert len(done.stdout.splitlines()) == len(path.read_text().splitlines())


@pytest.mark.real_descriptors
def test_what_the_collectors_parser_found_valid_is_so_here(real_descriptors):
    records = [json.loads(line) for line in (real_descriptors / "connect_histories.jsonl").read_text().splitlines()]
    lines = [
        json.loads(line) for line in run(real_descriptors / "connect_histories.jsonl", "--json").stdout.splitlines()
    ]

    for record, line in zip(records, lines, strict=True):
        for version, step in zip(record["transitions"], line["steps"], strict=True):
            readable = version["valid_json"] and not any(
                oddity.startswith("dup-keys") for oddity in version.get("oddities", [])
            )
            typed = readable and type(version["descriptor"].get("apiVersion", 1)) is int
            assert (step["change"] != "invalid") == typed
