"""The running cloud as the commands see it: a little HTTP, and the process behind it."""

from __future__ import annotations

import http.client
import json
import os
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudling.cli.runtime import Place
from cloudling.settings import UserError, load

if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator

TIMEOUT = 10.0
_SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer whose body is JSON or text."""

    status: int
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Cloud:
    """Whatever answers on one port of this machine."""

    port: int
    place: Place = field(repr=False)

    @property
    def url(self) -> str:
        host = self.place.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def call(self, method: str, path: str, timeout: float = TIMEOUT) -> Answer | None:
        """One request of the admin API with the token; None where nothing speaks HTTP."""
        headers = {"Host": f"localhost:{self.port}"}
        if self.place.token:
            headers["Authorization"] = f"Bearer {self.place.token}"
        connection = http.client.HTTPConnection(self.place.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def stream(self, path: str) -> Generator[bytes]:
        """The lines of an answer of the admin API that has no end, as they come."""
        headers = {
            "Host": f"localhost:{self.port}",
            "Authorization": f"Bearer {self.place.token}",
        }
        # The cloud sends an empty line now and then, so silence means that it is gone.
        with closing(
            http.client.HTTPConnection(self.place.host, self.port, timeout=_SILENCE)
        ) as line:
            try:
                line.request("GET", path, headers=headers)
                with line.getresponse() as answer:
                    _check(self, Answer(answer.status), "GET", path)
                    while found := answer.readline():
                        yield found
            except (OSError, http.client.HTTPException) as fault:
                raise UserError(
                    f"The cloud on port {self.port} answers no more: {fault}. `cloudling status` "
                    f"tells whether it runs."
                ) from fault

    def health(self, timeout: float = 2.0) -> dict[str, Any] | None:
        """What a Cloudling on this port says of itself; None where none answers."""
        answer = self.call("GET", "/_cloudling/health", timeout)
        if answer is None or answer.status != 200:
            return None
        said = answer.json()
        return said if said.get("edition") == "cloudling" else None

    def admin(self, method: str, path: str) -> Answer:
        """A request that must succeed; says what stands in the way otherwise."""
        return _check(self, self.call(method, path), method, path)


def _check(cloud: Cloud, answer: Answer | None, method: str, path: str) -> Answer:
    """The answer, if it is one of success; says what stands in the way otherwise."""
    if answer is None:
        raise UserError(
            f"No cloud answers on port {cloud.port}. Start one with `cloudling start`, or name its "
            f"port with --port."
        )
    if answer.status in (401, 403):
        raise UserError(
            f"The cloud on port {cloud.port} refused this command, because the token in "
            f"{cloud.place.token_file} is missing or not its own. Call this as the user who "
            f"started it."
        )
    if answer.status == 400:
        raise UserError(answer.body.decode("utf-8", "replace").strip())
    if answer.status != 200:
        words = answer.body.decode("utf-8", "replace").strip()[:200]
        raise UserError(
            f"What answers on port {cloud.port} said {answer.status} to {method} {path}: "
            f"{words or 'nothing more'}. `cloudling logs` may say why."
        )
    return answer


def find(given: argparse.Namespace) -> Cloud:
    """The cloud that a command's --port (or the settings) names."""
    port = load({"port": given.port}, config=given.config).port
    return Cloud(port, Place.of(port))


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"


def command_line(pid: int) -> str:
    """The words a process was started with; empty where the machine does not tell."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""
