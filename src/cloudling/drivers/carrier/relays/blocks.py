"""Which /16 of this machine's loopback is a cloud's for its public addresses.

A cloud keeps the block that it began with, so that its addresses stay. A lock that dies with its
holder keeps two running clouds, of whichever users, from giving out the same addresses.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import socket
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NUMBERS = range(10, 100)
_FILE = "public-addresses"
_BLOCK = re.compile(r"127\.([1-9][0-9])\.0\.0/16\s*")
# The kernel's own names: they need no file, and are one machine's whoever its users are.
_LOCK = "\0cloudling/127.{}"


@dataclass(frozen=True, slots=True)
class Block:
    """A block that is held until it is let go, or its holder ends."""

    number: int
    lock: socket.socket
    before: int | None = None

    @property
    def network(self) -> str:
        return network(self.number)

    @property
    def previous(self) -> str:
        """The block that the cloud had until now, where it is another; else empty."""
        return network(self.before) if self.before not in (None, self.number) else ""

    def let_go(self) -> None:
        self.lock.close()


def network(number: int | None) -> str:
    return f"127.{number}.0.0/16"


def hold(folder: Path | None) -> Block:
    """The block of the cloud that is kept in this folder, or another one where that is held.

    Waits for the disk. Raises OSError where all are held.
    """
    kept = _kept(folder) if folder is not None else None
    for number in _order(folder, kept):
        lock = _lock(number)
        if lock is None:
            continue
        if folder is not None and number != kept:
            _keep(folder, number)
        return Block(number, lock, kept)
    raise OSError(
        errno.EADDRINUSE,
        f"All blocks of public addresses, {network(NUMBERS[0])} to {network(NUMBERS[-1])}, are "
        f"held by clouds that run on this machine. Stop one of them.",
    )


def moved(address: str, block: str) -> str:
    """The same address in another block."""
    into = ipaddress.ip_network(block)
    host = int(ipaddress.ip_address(address)) & int(into.hostmask)
    return str(into.network_address + host)


def _order(folder: Path | None, kept: int | None) -> Iterator[int]:
    """Its own first. Clouds that never ran together shall seldom want the same."""
    first = NUMBERS[0]
    if kept is not None:
        first = kept
    elif folder is not None:
        first += zlib.crc32(os.fsencode(folder.resolve())) % len(NUMBERS)
    for step in range(len(NUMBERS)):
        yield NUMBERS[(first - NUMBERS[0] + step) % len(NUMBERS)]


def _lock(number: int) -> socket.socket | None:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    try:
        made.bind(_LOCK.format(number))
    except OSError as error:
        made.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    return made


def _kept(folder: Path) -> int | None:
    try:
        found = _BLOCK.fullmatch((folder / _FILE).read_text(encoding="ascii", errors="replace"))
    except FileNotFoundError:
        return None
    return int(found[1]) if found else None


def _keep(folder: Path, number: int) -> None:
    fresh = folder / f"{_FILE}.new"
    fresh.write_text(f"{network(number)}\n", encoding="ascii")
    fresh.replace(folder / _FILE)
