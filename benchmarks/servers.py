"""The servers that are measured: how each is started on a free port and ended by its pid."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import environments

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE = 60.0
_SOURCE = Path(__file__).parent.parent / "src"
# The answer that stands for GetCallerIdentity's, and one that stands for a listing.
_IDENTITY = "<GetCallerIdentityResponse>" + "x" * 400 + "</GetCallerIdentityResponse>"
_ENTRY = (
    "<Contents><Key>key-{number:06}</Key><LastModified>2026-11-21T00:00:00.000Z</LastModified>"
    '<ETag>"c4ca4238a0b923820dcc509a6f75849b"</ETag><Size>1</Size>'
    "<StorageClass>STANDARD</StorageClass></Contents>"
)


@dataclass(frozen=True)
class Program:
    """A server as it can be started; `aws` is False for the limit, which answers fixed bytes."""

    name: str
    title: str
    command: Callable[[int, Path], list[str]]
    health: str
    environment: dict[str, str] = field(default_factory=dict)
    aws: bool = True
    # Starts the server with its keys already there, where its API would take minutes.
    filled: Callable[[int, Path, int], list[str]] | None = None


def _cloudling(*options: str, memory: bool = False) -> Callable[[int, Path], list[str]]:
    def command(port: int, folder: Path) -> list[str]:
        place = ["--memory"] if memory else ["--data", str(folder / "data")]
        program = [sys.executable, "-m", "cloudling", "start"]
        return [*program, "--port", str(port), *place, *options]

    return command


def _moto(port: int, _folder: Path) -> list[str]:
    program = environments.peer("moto", environments.MOTO) / "moto_server"
    return [str(program), "-H", "127.0.0.1", "-p", str(port)]


def _filled_moto(port: int, _folder: Path, keys: int) -> list[str]:
    python = environments.peer("moto", environments.MOTO) / "python"
    script = Path(__file__).parent / "filled_moto.py"
    # -P: what lies beside the script must not hide what moto imports.
    return [str(python), "-P", str(script), str(port), str(keys)]


def _ministack(port: int, _folder: Path) -> list[str]:
    program = environments.peer("ministack", environments.MINISTACK) / "ministack"
    return ["/usr/bin/env", f"GATEWAY_PORT={port}", str(program)]


def _nginx(port: int, folder: Path) -> list[str]:
    site = folder / "site"
    (site / "bench").mkdir(parents=True, exist_ok=True)
    entries = "".join(_ENTRY.format(number=number) for number in range(1000))
    (site / "listing.xml").write_text(f"<ListBucketResult>{entries}</ListBucketResult>")
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""
        daemon off;
        master_process off;
        pid {folder}/nginx.pid;
        error_log {folder}/error.log;
        events {{ worker_connections 256; }}
        http {{
            access_log off;
            sendfile on;
            tcp_nodelay on;
            keepalive_requests 1000000000;
            client_max_body_size 0;
            client_body_buffer_size 16k;
            client_body_temp_path {folder}/body;
            proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            server {{
                listen 127.0.0.1:{port};
                location = / {{ default_type text/xml; return 200 '{_IDENTITY}'; }}
                location = /bench {{ default_type text/xml; alias {site}/listing.xml; }}
                location / {{ root {site}; dav_methods PUT DELETE; }}
            }}
        }}
        """
    )
    return [str(environments.nginx()), "-p", str(folder), "-c", str(configuration)]


PROGRAMS = (
    Program("cloudling", "Cloudling", _cloudling(), "/_cloudling/health"),
    Program("memory", "Cloudling `--memory`", _cloudling(memory=True), "/_cloudling/health"),
    Program("iam-off", "Cloudling `--iam off`", _cloudling("--iam", "off"), "/_cloudling/health"),
    Program(
        "ministack",
        "MiniStack",
        _ministack,
        "/_ministack/health",
        # By default it listens on all interfaces, and on the port of MQTT.
        {"BIND_HOST": "127.0.0.1", "IOT_MTLS_PORT": "0", "S3_PERSIST": "0"},
    ),
    Program("moto", "moto_server", _moto, "/moto-api/", filled=_filled_moto),
    Program("nginx", "nginx (the limit)", _nginx, "/", aws=False),
)


class Running:
    """A server that has answered; `started_in` is the time from exec to its first answer."""

    def __init__(self, program: Program, folder: Path, *, keys: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.program = program
        self.folder = folder
        self.port = _free_port()
        self.filled = bool(keys and program.filled)
        if keys and program.filled:
            command = program.filled(self.port, folder, keys)
        else:
            command = program.command(self.port, folder)
        self._log = (folder / "log").open("ab")
        started = time.perf_counter()
        self._process = subprocess.Popen(
            command, env=self._environment(), cwd=folder, stdout=self._log, stderr=self._log
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        self.started_in = time.perf_counter() - started

    @property
    def pid(self) -> int:
        return self._process.pid

    def _environment(self) -> dict[str, str]:
        own = {
            f"XDG_{name}": str(self._made(place))
            for name, place in (
                ("CACHE_HOME", "cache"),
                ("CONFIG_HOME", "config"),
                ("DATA_HOME", "share"),
                ("RUNTIME_DIR", "runtime"),
            )
        }
        path = str(_SOURCE) if self.program.name in ("cloudling", "memory", "iam-off") else ""
        around = {**os.environ, "PYTHONPATH": path}
        # Users' Pythons keep what they have compiled, for the second start.
        around.pop("PYTHONDONTWRITEBYTECODE", None)
        return {**around, **own, **self.program.environment}

    def _made(self, place: str) -> Path:
        folder = self.folder / place
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def _wait(self) -> None:
        request = f"GET {self.program.health} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n"
        end = time.perf_counter() + _PATIENCE
        while time.perf_counter() < end:
            if self._process.poll() is not None:
                break
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection,
            ):
                connection.sendall(request.encode())
                if connection.recv(4096)[9:12] == b"200":
                    return
            time.sleep(0.001)
        self._log.flush()
        said = (self.folder / "log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.program.title} did not start. Its log ends: {said}")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
