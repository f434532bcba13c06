"""`tradepost compare` with manifests, run as a person or a script runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.core.documents import good

COMMAND = Path(sys.executable).with_name("tradepost")
OLD = "app:\n  id: a\npermissions:\n  scopes:\n    - read:jira-work\n"
NEW = OLD + "    - write:jira-work\n  external:\n    images: ['*.example.com']\nresources: []\n"


def compare(tmp_path, old, new, *options):
    for name, document in (("old", old), ("new", new)):
        data = json.dumps(document) if isinstance(document, dict) else document
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    places = tmp_path / "old", tmp_path / "new"
    done = subprocess.run([COMMAND, "compare", *places, *options], capture_output=True, timeout=60, check=False)
    assert b"Traceback" not in done.stderr
    return done


def answer(tmp_path, old, new, *options):
    done = compare(tmp_path, old, new, "--json", *options)
    return done.returncode, json.loads(done.stdout)


def test_the_answer_has_the_fields_of_descriptors_and_its_reasons_have_places(tmp_path):
    status, found = answer(tmp_path, OLD, NEW)

    assert status == 0
    assert list(found) == ["change", "live", "next", "consent", "reasons", "separable", "warnings", "problems"]
    assert (found["change"], found["live"], found["next"], found["consent"]) == ("major", "1.1.0", "2.0.0", True)
    assert [list(reason) for reason in found["reasons"]] == [
        ["rule", "pointer", "change", "consent", "text", "line", "column"]
    ] * 3
    assert [(it["pointer"], it["line"], it["column"]) for it in found["reasons"]] == [
        ("/permissions/scopes/1", 6, 7), ("/permissions/external/images/0", 8, 14), ("/resources", 9, 1),
    ]  # fmt: skip
    assert found["separable"] == ["/resources"]


@pytest.mark.parametrize(
    ("new", "live", "expected"),
    [(OLD, (), "1.2.0"), (NEW, ("--live", "3.9.0"), "4.0.0"), (OLD, ("--live", "3.9.0"), "3.10.0")],
)
def test_the_number_follows_the_live_one(tmp_path, new, live, expected):
    assert answer(tmp_path, OLD, new, *live)[1]["next"] == expected


def test_a_script_can_stop_where_consent_is_needed(tmp_path):
    assert compare(tmp_path, OLD, NEW, "--exit-code").returncode == 3
    assert compare(tmp_path, OLD, OLD, "--exit-code").returncode == 0
    assert compare(tmp_path, OLD, NEW).returncode == 0


def test_people_read_what_becomes_of_it_why_and_where(tmp_path):
    text = compare(tmp_path, OLD, NEW).stdout.decode()

    assert "A major change: 1.1.0 becomes 2.0.0, and administrators must consent." in text
    assert "manifest_scope.added /permissions/scopes/1 (line 6, column 7)" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "new",
    ["app: [", "", "- a", "app: {id: b}", "app: {id: a}\napp: {id: a}", b"app: \xff", "app: !!python/name:os.x y"],
)
def test_what_cannot_be_deployed_ends_with_2_and_problems_with_places(tmp_path, new):
    status, found = answer(tmp_path, OLD, new, "--exit-code")

    assert (status, found["change"], found["next"], found["reasons"]) == (2, None, None, [])
    assert [list(it) for it in found["problems"]] == [["document", "pointer", "text", "line", "column"]]
    assert b"line 1, column" in compare(tmp_path, OLD, new).stdout or "\n" in str(new)


def test_a_manifest_cannot_write_on_the_terminal_what_it_likes(tmp_path):
    done = compare(tmp_path, OLD, OLD + '    - "\\e[31m[bold]\\u202e"\n')

    assert b"\x1b" not in done.stdout
    assert "\u202e".encode() not in done.stdout
    assert b"[bold]" in done.stdout


def test_json_is_yaml_and_without_base_url_a_manifest(tmp_path):
    manifest = {"app": {"id": "a"}, "permissions": {"scopes": {"read:jira-work": {}}}}

    assert answer(tmp_path, OLD, manifest)[1]["change"] == "minor"
    assert answer(tmp_path, manifest, OLD)[1]["warnings"] == []


def test_two_descriptors_without_base_url_are_read_as_manifests_with_a_warning(tmp_path):
    _, found = answer(tmp_path, {"key": "a"}, {"key": "a", "name": "b"})

    assert found["change"] == "minor"
    assert [it["document"] for it in found["warnings"]] == ["old", "new"]


@pytest.mark.parametrize("new", ["{", "[]", "", {}, {"key": "a"}, "not JSON", "key: a\nname: b"])
def test_beside_a_descriptor_what_names_no_app_is_a_broken_descriptor(tmp_path, new):
    for pair in ((good(), new), (new, good())):
        status, found = answer(tmp_path, *pair)
        assert status == 2
        assert all(list(it) == ["document", "pointer", "text"] for it in found["problems"])


def test_a_watched_app_that_is_deployed_under_its_key_becomes_the_next_major(tmp_path):
    key = good()["key"]
    status, found = answer(
        tmp_path, good(), OLD.replace("id: a", f"id: a\n  connect: {{key: {key}}}"), "--live", "1.4.2"
    )

    assert (status, found["change"], found["live"], found["next"]) == (0, "major", "1.4.2", "2.0.0")
    assert [it["rule"] for it in found["reasons"]] == ["deployment.from_watched"]


def test_a_watched_app_is_not_deployed_under_another_key_and_not_watched_again(tmp_path):
    for pair in ((good(), OLD), (OLD, good())):
        status, found = answer(tmp_path, *pair)
        assert (status, found["change"]) == (2, None)
        assert found["problems"]


def test_a_comparison_of_descriptors_does_not_load_the_parser_of_manifests(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).write_text(json.dumps(good()))
    code = (
        "import sys\n"
        "from tradepost.cli.main import run\n"
        f"sys.argv = ['tradepost', 'compare', {str(tmp_path / 'old')!r}, {str(tmp_path / 'new')!r}, '--json']\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        "print('yaml' in sys.modules, file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)

    assert done.stderr.strip() == b"False"
