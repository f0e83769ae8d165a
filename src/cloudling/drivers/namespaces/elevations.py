"""`sudo` where a machine has a single id: its first process starts what a user may start as root.

A set-user-id program has no other id to become there, so `sudo` is a program that hands its
streams over and waits.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.namespaces.orders import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FOLDER = Path("/run/cloudling")
_DOOR, _PROGRAM = _FOLDER / "sudo.sock", _FOLDER / "sudo"
_SUDO, _OWN_PLACES = Path("/usr/bin/sudo"), (Path("/usr/local/bin/sudo"), Path("/usr/bin/sudo"))
_LARGEST = 256 * 1024
_STREAMS = 3
_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH)


class Wish(Struct, frozen=True):
    """What `sudo` was called with; its streams lie beside it."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    user: str = "root"


class Elevations:
    """Serves the door of `sudo`."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        start: Callable[[Command, Sequence[int]], int],
    ) -> None:
        self._selector = selector
        self._start = start
        self._waiting: dict[int, socket.socket] = {}
        _FOLDER.mkdir(mode=0o755, exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(_DOOR))
        # All users of such a machine are one to the kernel, and each may become root.
        _DOOR.chmod(0o666)
        self._listener.listen(64)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self._admit)
        _install()

    def ended(self, process: int, code: int) -> None:
        """One of the first process's own has ended; perhaps it was for us."""
        line = self._waiting.pop(process, None)
        if line is not None:
            with suppress(OSError):
                line.send(str(code).encode())
            self._drop(line)

    def _admit(self) -> None:
        with suppress(OSError):
            line, _ = self._listener.accept()
            line.setblocking(False)
            self._selector.register(line, selectors.EVENT_READ, lambda: self._serve(line))

    def _serve(self, line: socket.socket) -> None:
        descriptors: list[int] = []
        try:
            data, descriptors, _, _ = socket.recv_fds(line, _LARGEST, _STREAMS)
            process = self._process_of(line)
            if process is not None:
                self._pass_on(process, data)
            elif len(descriptors) == _STREAMS:
                wish = msgspec.json.decode(data, type=Wish)
                self._waiting[self._grant(wish, descriptors)] = line
            else:
                self._drop(line)
        except BlockingIOError:
            return
        except (OSError, msgspec.DecodeError) as fault:
            with suppress(OSError):
                os.write(descriptors[-1] if descriptors else 2, f"sudo: {fault}\n".encode())
            self._drop(line)
        finally:
            for each in descriptors:
                os.close(each)

    def _grant(self, wish: Wish, streams: Sequence[int]) -> int:
        own = Command(-1, wish.argv, wish.environment, wish.folder, user=wish.user)
        return self._start(own, streams)

    def _pass_on(self, process: int, data: bytes) -> None:
        """A signal for what runs; one who is gone leaves it as one who hangs up."""
        number = int(data) if data.isdigit() else signal.SIGHUP
        if number in _FORWARDED:
            with suppress(ProcessLookupError):
                os.killpg(process, number)
        if not data:
            self._drop(self._waiting.pop(process))

    def _process_of(self, line: socket.socket) -> int | None:
        return next((each for each, other in self._waiting.items() if other is line), None)

    def _drop(self, line: socket.socket) -> None:
        self._selector.unregister(line)
        line.close()


def _install() -> None:
    """Where programs look for it; one that is there would refuse to run."""
    _PROGRAM.write_text(SUDO, encoding="ascii")
    _PROGRAM.chmod(0o755)
    if _SUDO.exists():
        syscalls.mount(str(_PROGRAM), str(_SUDO), None, syscalls.MS_BIND)
        return
    for place in _OWN_PLACES:
        with suppress(OSError):
            place.unlink(missing_ok=True)
            place.symlink_to(_PROGRAM)
            return


# For the machine's own Python, whatever its version.
SUDO = r'''#!/usr/bin/python3 -IS
"""sudo for a machine with a single user id: the first process does what is asked for here."""
import array, json, os, pwd, signal, socket, sys

KEPT = ("AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
        "SSL_CERT_FILE", "TERM", "LANG", "PIP_NO_INDEX")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def fail(text):
    sys.stderr.write("sudo: %s\n" % text)
    sys.exit(1)


def read(words):
    user, flags = "root", set()
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if word == "--":
            break
        name, _, value = word.partition("=")
        if word in ("-u", "-g", "-p", "-C", "-h", "--user", "--group", "--prompt"):
            if not words:
                fail("option requires an argument -- '%s'" % word.lstrip("-"))
            value = words.pop(0)
            user = value if word in ("-u", "--user") else user
        elif name == "--user":
            user = value
        elif word.startswith("--"):
            flags.add({"login": "i", "shell": "s", "preserve-env": "E", "list": "l",
                       "validate": "v", "reset-timestamp": "k", "version": "V"}.get(name[2:], ""))
        elif word.startswith("-u"):
            user = word[2:]
        else:
            flags.update(word[1:])
    return user, flags


def main(words):
    user, flags = read(words)
    try:
        target = pwd.getpwuid(int(user[1:])) if user.startswith("#") else pwd.getpwnam(user)
    except (KeyError, ValueError):
        fail("unknown user %s" % user)
    caller = pwd.getpwuid(os.getuid())
    if "V" in flags or "l" in flags:
        print("(ALL) NOPASSWD: ALL" if "l" in flags else "sudo of Cloudling")
        return 0
    kept = os.environ if "E" in flags else KEPT
    given = {name: os.environ[name] for name in kept if name in os.environ}
    given.update(PATH=PATH, HOME=target.pw_dir, USER=target.pw_name, LOGNAME=target.pw_name,
                 SHELL=target.pw_shell or "/bin/sh", SUDO_USER=caller.pw_name,
                 SUDO_UID=str(caller.pw_uid), SUDO_GID=str(caller.pw_gid))
    while words and words[0].partition("=")[0].isidentifier() and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        given[name] = value
    if flags & {"i", "s"}:
        shell = given["SHELL"]
        login = ["-l"] if "i" in flags else []
        words = [shell] + login + (["-c", " ".join(words)] if words else [])
    if not words:
        if flags & {"v", "k", "K"}:
            return 0
        fail("a command is needed: sudo [-u user] command")
    folder = target.pw_dir if "i" in flags else os.getcwd()
    line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        line.connect("/run/cloudling/sudo.sock")
    except OSError as fault:
        fail("the first process does not answer: %s" % fault)
    wish = {"argv": words, "environment": given, "folder": folder, "user": target.pw_name}
    streams = array.array("i", [0, 1, 2])
    line.sendmsg([json.dumps(wish).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGWINCH):
        signal.signal(number, lambda number, _: line.send(b"%d" % number))
    said = line.recv(100)
    code = int(said) if said else 1
    return code if code >= 0 else 128 - code


sys.exit(main(sys.argv[1:]))
'''
