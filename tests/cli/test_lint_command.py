"""`tradepost lint`, run as a person or a script runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.core.connect_manifests import DESCRIPTOR, MANIFEST, descriptor, manifest

COMMAND = Path(sys.executable).with_name("tradepost")


def lint(tmp_path, value, *options, against=None, stdin=None):
    text = value if isinstance(value, str | bytes) else yaml.safe_dump(value, sort_keys=False)
    (tmp_path / "manifest.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    more = []
    if against is not None:
        (tmp_path / "live.json").write_text(against if isinstance(against, str) else json.dumps(against))
        more = ["--against", tmp_path / "live.json"]
    place = "-" if stdin is not None else tmp_path / "manifest.yml"
    done = subprocess.run(
        [COMMAND, "lint", place, *more, *options], capture_output=True, timeout=60, check=False, input=stdin
    )
    assert b"Traceback" not in done.stderr
    return done


def answer(tmp_path, value, *options, **more):
    done = lint(tmp_path, value, "--json", *options, **more)
    return done.returncode, json.loads(done.stdout)


def test_a_good_manifest_ends_with_0_and_says_so(tmp_path):
    done = lint(tmp_path, MANIFEST)

    assert (done.returncode, done.stdout.decode()) == (0, "This can be deployed.\n")


def test_the_answer_has_a_fixed_shape(tmp_path):
    status, found = answer(tmp_path, manifest(modules={"macro": [{"key": "m"}]}), against=DESCRIPTOR)

    assert status == 0
    assert list(found) == ["problems", "warnings", "not_rendered", "against"]
    assert [it["pointer"] for it in found["not_rendered"]] == ["/modules/macro/0"]
    assert list(found["against"]) == ["live", "next", "consent", "bulk_upgrade", "reasons"]
    assert (found["against"]["live"], found["against"]["next"]) == ("1.0.0", "2.0.0")
    assert list(found["against"]["reasons"][0]) == ["rule", "pointer", "change", "consent", "text", "line", "column"]


def test_problems_end_with_2_and_stand_at_line_and_column(tmp_path):
    text = "app:\n  connect:\n    remote: x\n    key: [a]\nconnectModules:\n  jira:lifecycle:\n    - installed: /a\n"

    status, found = answer(tmp_path, text)
    page = lint(tmp_path, text).stdout.decode()

    assert status == 2
    assert ("manifest.type", 4, 5) in {(it["rule"], it["line"], it["column"]) for it in found["problems"]}
    assert page.startswith("This cannot be deployed: ")
    assert "  4:5  key must be text" in page


@pytest.mark.parametrize("options", [[], ["--exit-code"]])
def test_another_key_ends_with_2_in_clear_words(tmp_path, options):
    done = lint(tmp_path, MANIFEST, *options, against=descriptor(key="com.example.other"))

    assert done.returncode == 2
    assert "app.connect.key is 'com.example.poll', and the key of the descriptor is 'com.example.other'" in (
        done.stdout.decode()
    )


def test_a_script_can_stop_where_consent_is_needed(tmp_path):
    raised = manifest(permissions__scopes=["admin:connect-jira"])
    covered = manifest(permissions__scopes=["read:jira-work"])

    assert lint(tmp_path, raised, "--exit-code", against=DESCRIPTOR).returncode == 3
    assert lint(tmp_path, raised, against=DESCRIPTOR).returncode == 0
    assert lint(tmp_path, covered, "--exit-code", against=DESCRIPTOR).returncode == 0


def test_people_read_whether_anybody_is_asked(tmp_path):
    asked = lint(tmp_path, manifest(permissions__scopes=["storage:app"]), against=DESCRIPTOR).stdout.decode()
    bulk = lint(tmp_path, manifest(permissions__scopes=["read:jira-work"]), against=DESCRIPTOR).stdout.decode()
    silent = lint(tmp_path, MANIFEST, "--live", "4.2.0", against=DESCRIPTOR).stdout.decode()

    assert "1.0.0 becomes 2.0.0, and administrators must consent." in asked
    assert "and nobody is asked: it reaches sites when you start a bulk upgrade." in bulk
    assert "4.2.0 becomes 5.0.0, and nobody is asked: it reaches sites by itself." in silent


def test_the_manifest_may_come_from_standard_input(tmp_path):
    assert lint(tmp_path, "", stdin=yaml.safe_dump(MANIFEST).encode()).returncode == 0


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (["--live", "1.0.0"], 2),
        (["--exit-code"], 2),
        (["--against", "-"], 2),
        (["--against", "nowhere.json"], 1),
        (["--against", "http://127.0.0.1:1/none.json"], 1),
    ],
)
def test_wrong_usage_and_missing_files_say_so(tmp_path, options, status):
    done = lint(tmp_path, "", *options, stdin=b"app: {id: a}" if options == ["--against", "-"] else None)

    assert done.returncode == status
    assert done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    "text",
    [
        b"", b"- a", b"\xff", b"a: \x07", b"a: *b", b"&a [*a]", b"!!python/object:os.system {}", b"{" * 200,
        b"c0: &c0 [x, x]\n" + b"".join(b"c%d: &c%d [*c%d, *c%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 30)),
    ],
)  # fmt: skip
def test_bad_text_is_refused_with_a_place(tmp_path, text):
    status, found = answer(tmp_path, text)

    assert status == 2
    assert all(problem["line"] for problem in found["problems"])


def test_text_of_a_manifest_cannot_move_the_cursor(tmp_path):
    done = lint(tmp_path, manifest(**{"permissions__a\u202eb": 1, "modules": {"\u009bx": [{"key": "k"}]}}))

    assert done.returncode == 0
    assert "\u202e" not in done.stdout.decode()
    assert "\u009b" not in done.stdout.decode()


def test_a_descriptor_with_problems_is_told_apart_from_the_manifest(tmp_path):
    status, found = answer(tmp_path, MANIFEST, against="{}")

    assert status == 2
    assert {problem["document"] for problem in found["problems"]} == {"descriptor"}
    assert b"The descriptor cannot be read" in lint(tmp_path, MANIFEST, against="{}").stdout
