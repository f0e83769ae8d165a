"""The real command line over a cloud that only has the admin API: `fake_cloud.py <words>`.

`FAKE_CLOUD` makes it fail as a real one may: `refuse` to start, `hang` before it answers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING

from cloudling.cli import main
from cloudling.settings import Settings, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "a-token"


class Handler(BaseHTTPRequestHandler):
    settings: Settings

    def do_GET(self) -> None:
        if self.path == "/_cloudling/health":
            self._answer(200, {"edition": "cloudling", "version": "9.9.9", "status": "running"})
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"message": "no"})
        elif self.path == "/_cloudling/status":
            self._answer(200, self._status())
        elif self.path == "/_cloudling/logs":
            self._answer(200, {"calls": "a line for each"})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        open_sesame = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        self._answer(200 if open_sesame else 403, {})
        sys.stderr.write(f"reset {open_sesame}\n")

    def _status(self) -> dict[str, object]:
        return {
            "version": "9.9.9",
            "pid": os.getpid(),
            "uptime_seconds": 7265.0,
            "data": None if self.settings.memory else str(self.settings.data),
            "memory_peak_bytes": 41_000_000,
            "iam": self.settings.iam,
            "region": self.settings.region,
            "development_keys": self.settings.has_development_keys,
            "services": {"s3": "available", "iam": "available"},
            "store_fault": None,
        }

    def _answer(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        """Nothing: what a test asks of the log it puts there itself."""


def serve(settings: Settings, *, ready: Callable[[object], None], **_: object) -> int:
    mode = os.environ.get("FAKE_CLOUD", "")
    if mode == "refuse":
        raise UserError("The data folder is used by process 812. Stop it, or name another.")
    if mode == "hang":
        signal.pause()
    Handler.settings = settings
    server = ThreadingHTTPServer((settings.host, settings.port), Handler)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    threading.Thread(
        target=ready, args=(SimpleNamespace(port=settings.port, token=TOKEN, notes=("A note.",)),)
    ).start()
    server.serve_forever(poll_interval=0.01)
    server.server_close()
    return 0


if __name__ == "__main__":
    app = types.ModuleType("cloudling.app")
    app.serve = serve  # type: ignore[attr-defined]
    sys.modules["cloudling.app"] = app
    sys.exit(main())
