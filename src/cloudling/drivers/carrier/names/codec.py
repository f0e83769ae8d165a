"""DNS messages as far as one question and its answer need them (RFC 1035)."""

from __future__ import annotations

import ipaddress
import struct
from enum import IntEnum
from typing import NamedTuple

_HEAD = struct.Struct(">6H")
_QUESTION = struct.Struct(">2H")
_RECORD = struct.Struct(">HHHIH")
_INTERNET = 1
_ANSWER, _AUTHORITATIVE, _WISHES, _RECURSES = 0x8000, 0x0400, 0x0100, 0x0080
_OPCODES = 0x7800
_TO_QUESTION = 0xC000 + _HEAD.size
_LONGEST_NAME = 253


class Kind(IntEnum):
    """Kinds of records."""

    A = 1
    PTR = 12
    AAAA = 28
    ANY = 255


class Code(IntEnum):
    """How a question ended."""

    OK = 0
    MALFORMED = 1
    FAILED = 2
    NO_SUCH_NAME = 3
    NOT_BUILT = 4
    REFUSED = 5


class Malformed(ValueError):
    """What came is no question; `answer` tells the asker so, "" where not even that can be."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        super().__init__("No question of DNS.")


class Question(NamedTuple):
    """One question; the name is in lower case, without its final dot."""

    number: int
    flags: int
    name: str
    kind: int
    asked: bytes


class Found(NamedTuple):
    """What stands under a name: data of records of one kind."""

    code: Code = Code.OK
    kind: Kind = Kind.A
    data: tuple[bytes, ...] = ()
    seconds: int = 60


def addresses(*found: str, seconds: int = 60) -> Found:
    data = tuple(ipaddress.IPv4Address(each).packed for each in found)
    return Found(Code.OK, Kind.A, data, seconds)


def name(found: str) -> Found:
    """A name that an address has."""
    return Found(Code.OK, Kind.PTR, (encode_name(found),))


NO_SUCH_NAME = Found(Code.NO_SUCH_NAME)


def read(data: bytes) -> Question:
    """The question in a message; raises Malformed."""
    if len(data) < _HEAD.size:
        raise Malformed(b"")
    number, flags, questions, *_ = _HEAD.unpack_from(data)
    if flags & _ANSWER:
        raise Malformed(b"")
    if flags & _OPCODES:
        raise Malformed(_refusal(number, flags, Code.NOT_BUILT))
    try:
        if questions != 1:
            raise ValueError
        text, end = _read_name(data, _HEAD.size)
        kind, family = _QUESTION.unpack_from(data, end)
        if family != _INTERNET:
            raise ValueError
    except (ValueError, IndexError, struct.error):
        raise Malformed(_refusal(number, flags, Code.MALFORMED)) from None
    return Question(number, flags, text, kind, data[_HEAD.size : end + _QUESTION.size])


def answer(question: Question, found: Found) -> bytes:
    """The message that answers; of a name without the wanted kind it says that and no more."""
    fits = question.kind in {found.kind, Kind.ANY}
    data = found.data if fits else ()
    flags = _ANSWER | _AUTHORITATIVE | _RECURSES | (question.flags & _WISHES) | found.code
    head = _HEAD.pack(question.number, flags, 1, len(data), 0, 0)
    records = (
        _RECORD.pack(_TO_QUESTION, found.kind, _INTERNET, found.seconds, len(each)) + each
        for each in data
    )
    return head + question.asked + b"".join(records)


def ask(number: int, text: str, kind: Kind = Kind.A) -> bytes:
    """A message that asks."""
    head = _HEAD.pack(number, _WISHES, 1, 0, 0, 0)
    return head + encode_name(text) + _QUESTION.pack(kind, _INTERNET)


def encode_name(text: str) -> bytes:
    labels = [label.encode("ascii") for label in text.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    """A name and where it ends; a question's has no pointers."""
    labels: list[str] = []
    while length := data[at]:
        if length > 63:
            raise ValueError
        label = data[at + 1 : at + 1 + length]
        if len(label) < length:
            raise ValueError
        labels.append(label.decode("ascii").lower())
        at += 1 + length
    text = ".".join(labels)
    if len(text) > _LONGEST_NAME:
        raise ValueError
    return text, at + 1


def _refusal(number: int, flags: int, code: Code) -> bytes:
    return _HEAD.pack(number, _ANSWER | (flags & (_OPCODES | _WISHES)) | code, 0, 0, 0, 0)
