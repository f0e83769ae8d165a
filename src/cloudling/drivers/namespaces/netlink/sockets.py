"""A netlink socket: sends a batch, and turns what the kernel says of it into a result or an error.

The kernel answers within the very call that sends, so that all acknowledgements lie ready after
it: nothing here waits, and an answer that is missing is an error at once.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import TYPE_CHECKING, Self

from cloudling.drivers.namespaces.netlink.wire import (
    ACK,
    DUMP,
    REQUEST,
    Message,
    as_text,
    attributes,
    each_message,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUTE = 0
NETFILTER = 12

_ERROR = 2
_DONE = 3
_SOL_NETLINK = 270
_CAP_ACK = 10
_EXT_ACK = 11
_STRICT = 12
_CAPPED = 0x100
_WITH_ATTRIBUTES = 0x200
_MESSAGE = 1
_ROOM = 1 << 20
_DATAGRAM = 1 << 17


class NetlinkError(OSError):
    """The kernel's refusal, with its number and, where it gives one, its reason."""


class NetlinkSocket:
    """One socket, of the network namespace in which it was made."""

    def __init__(self, family: int) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, family)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
            for option in (_CAP_ACK, _EXT_ACK, _STRICT):
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
            self._socket.bind((0, 0))
        except OSError:
            self._socket.close()
            raise
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(self, messages: Iterable[Message]) -> None:
        """Do all of these, in order; each is acknowledged. Raises the first refusal."""
        awaited = {}
        sent = []
        for message in messages:
            self._sequence += 1
            awaited[self._sequence] = message
            flags = message.flags | REQUEST | ACK
            sent.append(message._replace(flags=flags).encode(self._sequence))
        if not sent:
            return
        self._socket.send(b"".join(sent))
        self._settle(set(awaited))

    def transact(self, begin: Message, messages: list[Message], end: Message) -> None:
        """Do all of these or none: the last is acknowledged, and only refusals are told else."""
        if not messages:
            return
        acknowledged = messages[-1]._replace(flags=messages[-1].flags | ACK)
        first = self._sequence + 1
        batch = [begin, *messages[:-1], acknowledged, end]
        sent = b"".join(
            message._replace(flags=message.flags | REQUEST).encode(first + number)
            for number, message in enumerate(batch)
        )
        self._sequence += len(batch)
        self._socket.send(sent)
        self._settle({first + len(messages)})

    def dump(self, message: Message) -> list[Message]:
        """All of one kind that the kernel has."""
        self._sequence += 1
        flags = message.flags | REQUEST | DUMP
        self._socket.send(message._replace(flags=flags).encode(self._sequence))
        found: list[Message] = []
        while True:
            for sequence, answer in each_message(self._receive()):
                if sequence != self._sequence:
                    continue
                if answer.kind in {_DONE, _ERROR}:
                    _raise_refusal(answer)
                    return found
                found.append(answer)

    def ask(self, message: Message) -> Message:
        """The one answer to a question that is no dump."""
        self._sequence += 1
        self._socket.send(message._replace(flags=message.flags | REQUEST).encode(self._sequence))
        for sequence, answer in each_message(self._receive()):
            if sequence == self._sequence:
                if answer.kind == _ERROR:
                    _raise_refusal(answer)
                return answer
        raise NetlinkError(71, "The kernel did not answer.")

    def _receive(self) -> bytes:
        return self._socket.recv(_DATAGRAM)

    def _settle(self, awaited: set[int]) -> None:
        refusal: NetlinkError | None = None
        while True:
            try:
                data = self._receive()
            except BlockingIOError:
                break
            for sequence, answer in each_message(data):
                awaited.discard(sequence)
                try:
                    _raise_refusal(answer)
                except NetlinkError as error:
                    refusal = refusal or error
        if refusal is not None:
            raise refusal
        if awaited:
            raise NetlinkError(71, "The kernel did not acknowledge all that was sent.")


def _raise_refusal(answer: Message) -> None:
    (number,) = struct.unpack_from("=i", answer.body) if len(answer.body) >= 4 else (0,)
    if number == 0:
        return
    reason = os.strerror(-number)
    if answer.flags & _WITH_ATTRIBUTES and answer.flags & _CAPPED:
        said = attributes(answer.body[20:]).get(_MESSAGE)
        if said:
            reason = f"{reason} ({as_text(said)})"
    raise NetlinkError(-number, reason)
