"""`tradepost convert`, run as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

from tests.core.connect_manifests import descriptor

COMMAND = Path(sys.executable).with_name("tradepost")


def run(*arguments, stdin=b""):
    return subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)


def test_the_written_manifest_passes_lint_and_asks_no_site_for_anything(tmp_path):
    watched, manifest = tmp_path / "descriptor.json", tmp_path / "manifest.yml"
    watched.write_text(json.dumps(descriptor(vendor={"name": "V"})))

    done = run("convert", watched, "--out", manifest)
    linted = run("lint", manifest, "--against", watched, "--json", "--exit-code")

    assert done.returncode == 0, done.stderr
    assert b"/vendor: vendor has no place in a manifest" in done.stderr
    assert manifest.read_text().startswith("# Written by `tradepost convert`")
    assert linted.returncode == 0, linted.stdout
    assert json.loads(linted.stdout)["against"]["consent"] is False


def test_a_manifest_that_is_there_is_left_as_it_is(tmp_path):
    manifest = tmp_path / "manifest.yml"
    manifest.write_text("mine")

    done = run("convert", "-", "--out", manifest, stdin=json.dumps(descriptor()).encode())

    assert done.returncode == 1
    assert manifest.read_text() == "mine"
    assert b"exists already" in done.stderr


def test_without_a_file_it_is_printed_and_programs_get_json():
    text = run("convert", "-", stdin=json.dumps(descriptor()).encode())
    parsed = run("convert", "-", "--json", stdin=json.dumps(descriptor()).encode())

    assert b"connectModules:" in text.stdout
    assert json.loads(parsed.stdout)["manifest"]["app"]["connect"]["key"] == "com.example.poll"


def test_what_cannot_be_listed_is_not_converted():
    done = run("convert", "-", stdin=b'{"key": "a b"}')

    assert done.returncode == 2
    assert b"/baseUrl" in done.stderr
    assert not done.stdout
