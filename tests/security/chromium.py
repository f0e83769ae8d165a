"""A headless Chromium, driven through chromedriver by plain HTTP, and a site of someone else's."""

from __future__ import annotations

import contextlib
import http.server
import json
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Self

from tests.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("evil.test", "rebound.test", "localhost.localstack.cloud", "*.localhost.localstack.cloud")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=" + ", ".join(f"MAP {name} 127.0.0.1" for name in NAMES),
]
BLANK = b"<!DOCTYPE html><title>page</title><body>a page</body>"
# Where browsers are started in a pool of tests that share few processors.
PATIENCE = 60.0
# Runs the script of a test, whose `done` gives its result back, or its fault.
ASYNC = """
const done = arguments[arguments.length - 1], given = arguments[0];
(async () => { %s })().then(done, fault => done("refused: " + fault));
"""


def find() -> tuple[str, str] | None:
    """Chromium and its driver, where both are here."""
    driver = shutil.which("chromedriver")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    return (browser, driver) if browser and driver else None


class Site:
    """A web server on a port of its own that serves one blank page under every address."""

    def __init__(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Blank)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def url(self, name: str) -> str:
        return f"http://{name}:{self.port}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(BLANK)))
        self.end_headers()
        self.wfile.write(BLANK)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Browser:
    """One window."""

    def __init__(self, folder: Path) -> None:
        found = find()
        assert found, "no browser is here"
        browser, driver = found
        self._port = free_port()
        self._log = (folder / "chromedriver.log").open("wb")
        self._driver = subprocess.Popen(
            [driver, f"--port={self._port}"], stdout=self._log, stderr=self._log
        )
        arguments = [*FLAGS, f"--user-data-dir={folder / 'profile'}"]
        options = {"binary": browser, "args": arguments}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        try:
            self._await_driver()
            self._session = ""
            self._session = "/session/" + self._call("POST", "/session", wanted)["sessionId"]
            self._call("POST", "/timeouts", {"script": 20_000, "pageLoad": 20_000})
        except BaseException:
            self.close()
            raise

    def _await_driver(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/status").close()
                return
            if time.monotonic() > deadline:
                raise TimeoutError("chromedriver does not answer")
            time.sleep(0.05)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{self._session}{path}", data, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - ours
                return json.load(answer)["value"]
        except urllib.error.HTTPError as fault:
            with fault:
                raise RuntimeError(fault.read().decode()) from None

    def open(self, url: str) -> None:
        self._call("POST", "/url", {"url": url})

    def run(self, script: str, given: Any = None) -> Any:
        """What the script returns in the page that is open; a fault is told as text."""
        body = {"script": ASYNC % script, "args": [given]}
        return self._call("POST", "/execute/async", body)

    def text(self) -> str:
        """What the page shows."""
        shown = self._call(
            "POST", "/execute/sync", {"script": "return document.body.innerText", "args": []}
        )
        return str(shown)

    def click_link(self, url: str) -> None:
        """Put a link into the page and click it as a user does; waits until the page has gone."""
        made = self.run(
            "document.body.innerHTML = '<a id=link>link</a>';"
            "document.getElementById('link').href = given; return 'made'",
            url,
        )
        assert made == "made"
        found = self._call("POST", "/element", {"using": "css selector", "value": "#link"})
        self._call("POST", f"/element/{next(iter(found.values()))}/click", {})

    def close(self) -> None:
        with contextlib.suppress(OSError, RuntimeError, AttributeError):
            if self._session:
                self._call("DELETE", "")
        self._driver.terminate()
        self._driver.wait(PATIENCE)
        self._log.close()
