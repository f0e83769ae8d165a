"""`cloudling shell`: a shell, or one command, in a machine that runs."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import termios
import threading
import tty
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

_LARGEST = 128 * 1024
_CHUNK = 64 * 1024
_MOST = 3
_SIGNALLED = 128
_NEWS = "news"


def run(given: argparse.Namespace) -> int:
    cloud = find(given)
    line = _dial(cloud.place.shell_socket, cloud.port)
    with line:
        has_terminal = not given.program and os.isatty(0)
        wanted = {
            "machine": given.machine,
            "command": given.program,
            "user": "root" if given.root else "",
            "environment": {"TERM": os.environ.get("TERM", "dumb")} if has_terminal else {},
            "has_terminal": has_terminal,
        }
        line.send(json.dumps(wanted).encode())
        data, descriptors, _, _ = socket.recv_fds(line, _LARGEST, _MOST)
        said = _read(data)
        if "error" in said:
            raise UserError(f"{given.machine} runs nothing: {said['error']}")
        if has_terminal:
            return _talk(line, descriptors[0])
        return _pass_on(line, descriptors)


def _dial(path: Path, port: int) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        line.connect(f"/proc/self/fd/{folder}/{path.name}")
    except OSError as fault:
        line.close()
        raise UserError(
            f"No cloud with machines answers on port {port}. Start one with `cloudling start`, or "
            f"name its port with --port."
        ) from fault
    finally:
        os.close(folder)
    return line


def _read(data: bytes) -> dict[str, Any]:
    if not data:
        raise UserError("The cloud has ended. Start it again with `cloudling start`.")
    found: dict[str, Any] = json.loads(data)
    return found


def _talk(line: socket.socket, terminal: int) -> int:
    """Be the other side of a terminal until the program has ended."""
    _fit(terminal)
    signal.signal(signal.SIGWINCH, lambda *_: _fit(terminal))
    with _raw(), selectors.DefaultSelector() as selector:
        selector.register(0, selectors.EVENT_READ, (terminal, 0))
        selector.register(terminal, selectors.EVENT_READ, (1, terminal))
        selector.register(line, selectors.EVENT_READ, _NEWS)
        code = _copy(selector, line)
    os.close(terminal)
    return code


def _pass_on(line: socket.socket, descriptors: list[int]) -> int:
    """Input goes its own way: it may wait for a program that reads nothing."""
    into, out, err = descriptors
    threading.Thread(target=_feed, args=(into,), daemon=True).start()
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ, (1, out))
        selector.register(err, selectors.EVENT_READ, (2, err))
        selector.register(line, selectors.EVENT_READ, _NEWS)
        return _copy(selector, line)


def _feed(into: int) -> None:
    with suppress(OSError):
        while data := os.read(0, _CHUNK):
            _write(into, data)
    os.close(into)


def _copy(selector: selectors.BaseSelector, line: socket.socket) -> int:
    """Until the program has ended and all that it had said was shown; its exit status."""
    code: int | None = None
    while code is None:
        for key, _ in selector.select():
            if key.data == _NEWS:
                code = _code(_read(line.recv(_LARGEST)))
                selector.unregister(line)
            else:
                _step(selector, key)
    # What it had said lies ready; what it has left running may hold the other ends for long.
    while ready := [key for key, _ in selector.select(0) if key.fd != 0]:
        for key in ready:
            _step(selector, key)
    return code


def _step(selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    to, reading = key.data
    try:
        data = os.read(reading, _CHUNK)
    except OSError:
        # A terminal whose program is gone tells so by an error.
        data = b""
    if data:
        _write(to, data)
    else:
        selector.unregister(key.fileobj)


def _code(said: dict[str, Any]) -> int:
    if "error" in said:
        raise UserError(f"The program is lost: {said['error']}")
    code = int(said["code"])
    return code if code >= 0 else _SIGNALLED - code


def _write(to: int, data: bytes) -> None:
    while data:
        data = data[os.write(to, data) :]


def _fit(terminal: int) -> None:
    with suppress(OSError):
        termios.tcsetwinsize(terminal, termios.tcgetwinsize(0))


@contextmanager
def _raw() -> Iterator[None]:
    """Every key goes to the machine, those that would end us too."""
    before = termios.tcgetattr(0)
    try:
        # What was typed already is not lost.
        tty.setraw(0, termios.TCSADRAIN)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
        sys.stdout.flush()
