"""Small apps: servers that keep what they were asked and serve pages which load the host's script."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>{path}</title>
<script>
window.heard = [];
window.addEventListener("message", function (event) {{ window.heard.push(JSON.parse(JSON.stringify(event.data))); }});
</script>
<script src="{host}/atlassian-connect/all.js" data-options="{options}"></script>
<script>
window.publicEvents = [];
window.ownEvents = [];
if (window.AP && AP.events) {{
  AP.events.onPublic("shared", function () {{ window.publicEvents.push(Array.prototype.slice.call(arguments)); }});
  AP.events.onAny(function (name, told) {{ window.ownEvents.push([name, told]); }});
}}
</script></head>
<body><div class="ac-content" style="height: {height}px"><h2>{path}</h2><p>Here is the app.</p></div></body></html>
"""


@dataclass
class PageServer:
    """An app's server. `asked` holds the path with the query of every page that was asked for, in order."""

    base_url: str
    asked: list[str] = field(default_factory=list)
    elsewhere: str = ""

    @property
    def origin(self) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def page(self, target: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer to a request."""
        self.asked.append(target)
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if "/moves" in parts.path:
            return 302, {"Location": f"{self.elsewhere}/base/moved?{parts.query}"}, b""
        host = query.get("xdm_e", "") + query.get("cp", "")
        height = query.get("height", "120")
        page = PAGE.format(path=parts.path, host=host, options=query.get("options", "resize:false"), height=height)
        return 200, {"Content-Type": "text/html; charset=utf-8"}, page.encode()

    def parameters(self, path: str) -> list[tuple[str, str]]:
        """The parameters with which the newest page of this path was asked for, in their order."""
        found = next(each for each in reversed(self.asked) if urlsplit(each).path.endswith(path))
        pairs = [part.partition("=") for part in urlsplit(found).query.split("&")]
        return [(name, value) for name, _, value in pairs]


@contextmanager
def serving_pages(address: str) -> Iterator[PageServer]:
    """Serve an app's pages at a loopback address of its own, so that its origin is its own, too."""
    app = PageServer("")

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = app.page(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer((address, 0), Answers)
    app.base_url = f"http://{address}:{server.server_address[1]}/base"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield app
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def document(key: str, base_url: str, **modules: object) -> bytes:
    """A descriptor with modules, as the bytes that are kept."""
    return json.dumps(
        {
            "key": key,
            "name": f"The {key} app",
            "baseUrl": base_url,
            "authentication": {"type": "jwt"},
            "lifecycle": {"installed": "/installed"},
            "modules": modules,
        }
    ).encode()
