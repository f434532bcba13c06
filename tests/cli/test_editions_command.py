"""`tradepost editions check`, run as a person or a script runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.core.documents import good
from tests.core.module_documents import GOOD

COMMAND = Path(sys.executable).with_name("tradepost")
LICENSED = {"condition": "addon_is_licensed"}
NOT_ADVANCED = {"condition": "capability_set", "params": {"value": "capabilityAdvanced"}, "invert": True}
STANDARD = {"condition": "capability_set", "params": {"value": "capabilityStandard"}}


def run(*arguments, stdin=b""):
    command = [COMMAND, "editions", "check", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)


def page(key, *conditions, **changes):
    return GOOD["generalPages"] | {"key": key, "conditions": list(conditions)} | changes


def paid(*pages, **changes):
    return good(enableLicensing=True, modules={"generalPages": list(pages)}, **changes)


@pytest.fixture
def written(tmp_path):
    def write(document):
        path = tmp_path / "descriptor.json"
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return path

    return write


def test_a_clean_descriptor_ends_with_0_and_its_matrix(written):
    done = run(written(paid(page("basic", LICENSED, NOT_ADVANCED))))

    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert "nothing to warn about" in text
    (row,) = [line for line in text.splitlines() if "basic" in line]
    assert row.split() == ["generalPages:", "basic", "everyone", "nobody", "everyone", *["nobody"] * 3]
    assert "\x1b" not in text


def test_a_warning_ends_with_3_and_says_rule_place_reason_and_remedy(written):
    done = run(written(paid(page("basic", LICENSED, STANDARD))))

    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (3, b"")
    for part in ("1 warning", "edition.vanishes_when_absent", "/modules/generalPages/0/conditions/1", "  Fix: Treat"):
        assert part in text


def test_the_json_answer_is_all_there_is_on_standard_output(written):
    done = run(written(paid(page("basic", NOT_ADVANCED))), "--json")

    assert (done.returncode, done.stderr) == (3, b"")
    answer = json.loads(done.stdout)
    assert list(answer) == ["app", "paid", "modules", "not_drawn", "warnings", "problems"]
    (warning,) = answer["warnings"]
    assert set(warning) == {"rule", "type", "module", "pointer", "line", "column", "text", "fix"}
    assert warning["rule"] == "edition.opens_to_unlicensed"


def test_a_descriptor_can_come_from_standard_input():
    assert run("-", stdin=json.dumps(paid(page("basic", LICENSED))).encode()).returncode == 0


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ([{"condition": "user_is_admin"}], "admins"),
        ([{"condition": "user_is_admin", "invert": True}], "visitors, users"),
        ([{"condition": "user_is_logged_in"}], "signed in"),
        ([{"condition": "feature_flag"}], "everyone?"),
        ([{"condition": "feature_flag"}, {"condition": "user_is_logged_in"}], "signed in?"),
        ([{"or": [{"condition": "feature_flag"}, {"condition": "user_is_admin"}]}], "visitors?, users?, admins"),
    ],
)
def test_few_words_say_who_sees_a_module(written, conditions, word):
    text = run(written(paid(page("basic", *conditions)))).stdout.decode()

    (row,) = [line for line in text.splitlines() if line.startswith(" generalPages: basic")]
    assert row.count(f" {word}") == 6
    assert ("? depends on" in text) == ("?" in word)


def test_a_hundred_modules_that_show_alike_stand_in_one_row_and_their_remedy_stands_once(written):
    document = paid(*(page(f"page-{number}", LICENSED, STANDARD) for number in range(100)))

    text = run(written(document)).stdout.decode()

    assert text.count("everyone") == 1
    assert text.count("  Fix: ") == 1
    assert text.count("generalPages page-99 ") == 1
    assert all(f"page-{number}" in text for number in range(100))
    assert max(map(len, text.split("edition.vanishes")[0].splitlines())) <= 140


def test_a_free_app_has_one_column(written):
    text = run(written(good(modules={"generalPages": [page("basic")]}))).stdout.decode()

    assert "enableLicensing" in text
    assert text.count("everyone") == 1


def test_modules_without_a_place_here_are_marked_or_named(written):
    modules = {"jiraDashboardItems": [{"key": "item", "conditions": [LICENSED]}], "jiraReports": [{"key": "report"}]}

    text = run(written(good(enableLicensing=True, modules=modules))).stdout.decode()

    assert "jiraDashboardItems (no place here): item" in text
    assert "Not drawn, without a place here: jiraReports." in text


def test_a_document_cannot_write_on_the_terminal_what_it_likes(written):
    name = "\x1b[31m[bold]\u202e\ud800"
    flag = {"condition": "feature_flag", "params": {"featureKey": name}}
    modules = {"generalPages": [page("a", flag)], name: [{"key": name, "conditions": [STANDARD, NOT_ADVANCED]}]}

    done = run(written(good(key=name[:-1], enableLicensing=True, modules=json.loads(json.dumps(modules)))))
    storable = run(written(json.dumps(paid(page("a", flag), key=name[:-1])).replace("\\ud800", "").encode()))

    for each in (done, storable):
        assert b"Traceback" not in each.stderr
        assert b"\x1b" not in each.stdout
        assert "\u202e".encode() not in each.stdout
    assert b"[bold]" in storable.stdout


@pytest.mark.parametrize(
    "content", [b"not JSON", b"[]", b"", b"\xff", b'{"a": 1, "a": 2}', b"[" * 200_000, b" " * 2**21]
)
def test_what_is_no_descriptor_ends_with_2_and_its_problems(written, content):
    for_people, for_programs = run(written(content)), run(written(content), "--json")

    assert (for_people.returncode, for_people.stderr) == (2, b"")
    assert for_people.stdout.startswith(b"This cannot be read as a descriptor.\n  ")
    assert (for_programs.returncode, for_programs.stderr) == (2, b"")
    answer = json.loads(for_programs.stdout)
    assert answer["problems"]
    assert (answer["modules"], answer["warnings"]) == ([], [])


def test_a_descriptor_that_could_not_be_listed_yet_can_be_checked(written):
    document = paid(page("basic", LICENSED), baseUrl="{{localBaseUrl}}")
    del document["key"]

    assert run(written(document)).returncode == 0


def test_a_file_that_is_not_there_ends_with_1_and_a_message(tmp_path):
    for place in (tmp_path / "none", tmp_path, "http://127.0.0.1:1/x"):
        done = run(place, "--json")
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"cannot read" in done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("options", [(), ("a", "b"), ("a", "--wrong")])
def test_wrong_usage_ends_with_2_and_says_nothing_on_standard_output(options):
    done = run(*options)

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr


def test_the_help_says_what_the_exit_statuses_mean():
    text = " ".join(run("--help").stdout.decode().split())

    assert "0 nothing to warn about; 1 the document cannot be read; 2 it is no descriptor" in text
    assert "3 there are warnings" in text


def test_an_answer_for_programs_loads_no_framework(written):
    path = written(paid(page("basic", LICENSED)))
    heavy = {"django", "aiohttp", "rich", "jsonschema", "msgspec", "cryptography", "urllib.request"}
    code = (
        "import sys\n"
        "from tradepost.cli.main import run\n"
        f"sys.argv = ['tradepost', 'editions', 'check', {str(path)!r}, '--json']\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set(sys.modules) & {heavy!r}), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)

    assert json.loads(done.stdout)["warnings"] == []
    assert done.stderr.strip() == b"[]"
