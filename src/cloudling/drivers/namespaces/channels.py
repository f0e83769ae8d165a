"""Messages between processes of one machine: whole ones, with descriptors beside them.

SOCK_SEQPACKET keeps a message's bounds and tells when the other side is gone. What does not fit
into one message lies in a file in memory whose descriptor comes along.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST = 160 * 1024
_MOST_DESCRIPTORS = 4
_LARGEST_FILE = 64 * 1024 * 1024


class ChannelClosed(ConnectionError):
    """The other side is gone, or does not take what is sent to it."""


class Channel:
    """One end; it never waits: whoever waits does so for `fileno` to become readable."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST * 4)

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Raises BlockingIOError while the other side has not taken what was sent before."""
        try:
            if descriptors:
                socket.send_fds(self._end, [data], descriptors)
            else:
                self._end.send(data)
        except BlockingIOError:
            raise
        except OSError as error:
            raise ChannelClosed(f"Nothing can be sent: {error.strerror}.") from error

    def receive(self) -> tuple[bytes, list[int]]:
        """The next message; raises BlockingIOError when there is none yet."""
        try:
            data, descriptors, flags, _ = socket.recv_fds(self._end, LARGEST, _MOST_DESCRIPTORS)
        except BlockingIOError:
            raise
        except OSError as error:
            raise ChannelClosed(f"Nothing can be read: {error.strerror}.") from error
        if not data or flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            for descriptor in descriptors:
                os.close(descriptor)
            raise ChannelClosed("The other side is gone.")
        return data, descriptors

    def close(self) -> None:
        self._end.close()


def write_aside(data: bytes) -> int:
    """A file in memory that holds `data`."""
    descriptor = os.memfd_create("answer", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(data)
    return descriptor


def read_aside(descriptor: int) -> bytes:
    """What lies in such a file; it is closed."""
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read(_LARGEST_FILE)
