"""`tradepost compare`, run as a person or a script runs it."""

import http.server
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.core.documents import good

from tradepost.cli import fetching
from tradepost.cli.reading import UnreadableError

COMMAND = Path(sys.executable).with_name("tradepost")


def run(*arguments, stdin=b""):
    return subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)


def written(folder, name, document):
    path = folder / name
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


@pytest.fixture
def old(tmp_path):
    return written(tmp_path, "old.json", good())


def test_the_json_answer_is_all_there_is_on_standard_output(tmp_path, old):
    new = written(tmp_path, "new.json", good(scopes=["READ", "WRITE"]))

    done = run("compare", old, new, "--live", "1.2.3", "--json")

    assert (done.returncode, done.stderr) == (0, b"")
    answer = json.loads(done.stdout)
    assert list(answer) == ["change", "live", "next", "consent", "reasons", "separable", "warnings", "problems"]
    assert (answer["change"], answer["next"], answer["consent"]) == ("minor", "1.3.0", True)


@pytest.mark.parametrize(("scopes", "status"), [(["READ", "WRITE"], 3), ([], 0), (["READ"], 0)])
def test_a_script_can_stop_where_consent_is_needed(tmp_path, old, scopes, status):
    new = written(tmp_path, "new.json", good(scopes=scopes))

    assert run("compare", old, new, "--exit-code").returncode == status
    assert run("compare", old, new).returncode == 0


def test_people_read_what_becomes_of_it_and_why(tmp_path, old):
    new = written(tmp_path, "new.json", good(scopes=["READ", "WRITE"], name="Other"))

    done = run("compare", old, new)

    text = done.stdout.decode()
    assert "1.0.0 becomes 1.1.0, and administrators must consent" in text
    assert "/name" in text
    assert "\x1b" not in text


def test_a_document_cannot_write_on_the_terminal_what_it_likes(tmp_path, old):
    new = written(tmp_path, "new.json", good(**{"\x1b[31m[bold]\u202e\ud800": 1}))

    done = run("compare", old, new)

    assert b"\x1b" not in done.stdout
    assert "\u202e".encode() not in done.stdout
    assert b"[bold]" in done.stdout


@pytest.mark.parametrize(
    "content", [b"not JSON", b"[]", b"", b"\xff", b"{}", b'{"key": "a", "key": "a"}', b"[" * 200_000]
)
def test_a_document_that_cannot_be_listed_ends_with_2_and_its_problems(tmp_path, old, content):
    new = written(tmp_path, "new.json", content)

    done = run("compare", old, new, "--json", "--exit-code")

    assert (done.returncode, done.stderr) == (2, b"")
    answer = json.loads(done.stdout)
    assert answer["problems"]
    assert all(set(problem) == {"document", "pointer", "text"} for problem in answer["problems"])


def test_a_file_that_is_not_there_ends_with_1_and_a_message(tmp_path, old):
    for places in ((old, tmp_path / "none"), (tmp_path / "none", old), (tmp_path, old)):
        done = run("compare", *places, "--json")
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"cannot read" in done.stderr
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "options", [("--live", "x"), ("--live", "1.2"), ("--live", "2.0.0"), ("--live", "-1.0.0"), ("--wrong",), ("extra",)]
)
def test_wrong_usage_ends_with_2_and_says_nothing_on_standard_output(old, options):
    done = run("compare", old, old, *options)

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr


def test_one_document_can_come_from_standard_input(old):
    data = json.dumps(good(name="Other")).encode()

    assert json.loads(run("compare", old, "-", "--json", stdin=data).stdout)["reasons"][0]["pointer"] == "/name"
    assert json.loads(run("compare", "-", old, "--json", stdin=data).stdout)["change"] == "patch"
    assert run("compare", "-", "-", stdin=data).returncode == 2


def test_a_comparison_for_programs_loads_no_framework_so_that_it_answers_at_once(tmp_path, old):
    new = written(tmp_path, "new.json", good(name="Other"))
    heavy = {"django", "aiohttp", "rich", "jsonschema", "msgspec", "cryptography", "urllib.request"}
    code = (
        "import sys\n"
        "from tradepost.cli.main import run\n"
        f"sys.argv = ['tradepost', 'compare', {str(old)!r}, {str(new)!r}, '--json']\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set(sys.modules) & {heavy!r}), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=60)

    assert json.loads(done.stdout)["change"] == "patch"
    assert done.stderr.strip() == b"[]"


def test_the_version_is_printed():
    assert run("--version").stdout.startswith(b"tradepost ")


class Vendor(http.server.BaseHTTPRequestHandler):
    """A vendor's server with a page for every way to answer."""

    def do_GET(self):
        if self.path == "/good":
            self.reply(200, json.dumps(good(name="Served")).encode())
        elif self.path == "/hop":
            self.reply(302, b"", Location="/good")
        elif self.path == "/round":
            self.reply(302, b"", Location="/round")
        elif self.path == "/away":
            self.reply(302, b"", Location="http://127.0.0.3:1/good")
        elif self.path == "/endless":
            self.reply(200, b" " * (2 * 1024 * 1024))
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b" ")
                time.sleep(0.05)
        else:
            self.reply(404, b"{}")

    def reply(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep quiet."""


@contextmanager
def serving():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
    server.handle_error = lambda *_: None  # clients that hang up are the point here
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def vendor():
    with serving() as address:
        yield address


@pytest.mark.parametrize("path", ["/good", "/hop"])
def test_a_document_can_come_from_an_address(vendor, old, path):
    done = run("compare", old, vendor + path, "--json")

    assert json.loads(done.stdout)["reasons"][0]["pointer"] == "/name"


@pytest.mark.parametrize("path", ["/missing", "/round", "/away", ":1/x"])
def test_an_address_that_does_not_give_a_document_cannot_be_read(vendor, old, path):
    done = run("compare", old, vendor + path)

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"cannot read http" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_endless_answer_is_cut_off_and_cannot_be_listed(vendor, old):
    assert run("compare", old, vendor + "/endless", "--json").returncode == 2


def test_an_answer_that_trickles_in_is_given_up(vendor):
    start = time.monotonic()

    with pytest.raises(UnreadableError, match="within"):
        fetching.fetch(vendor + "/slow", limit=1_000, seconds=0.3)

    assert time.monotonic() - start < 1.5


def test_nobody_listening_is_said_at_once():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(UnreadableError, match="refused"):
            fetching.fetch(f"http://127.0.0.1:{free.getsockname()[1]}/", limit=10)
