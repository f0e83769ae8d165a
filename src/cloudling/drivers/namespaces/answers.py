"""What netd says: answers, events, and how things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from cloudling.drivers.namespaces.messages import (
        EnsureInterface,
        EnsureMachine,
        EnsureRouter,
        Group,
    )


class Answer(Struct, frozen=True, omit_defaults=True):
    """A result, or why there is none; a larger one lies in a file whose descriptor comes along."""

    id: int
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    errno: int = 0
    is_beside: bool = False


class Event(Struct, frozen=True, omit_defaults=True):
    """What happened without being asked for: of whom, of which command, and with which code."""

    event: str
    name: str = ""
    command: int = -1
    code: int = 0
    reason: str = ""


class Said(Struct, frozen=True):
    """Whatever netd says: an answer where `event` is empty, else an event."""

    id: int = -1
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    errno: int = 0
    is_beside: bool = False
    event: str = ""
    name: str = ""
    command: int = -1
    code: int = 0
    reason: str = ""


class Self(Struct, frozen=True):
    """Who netd is: the epoch is another after each start."""

    epoch: str
    pid: int
    version: str


class HeldMachine(Struct, frozen=True):
    """A machine as it stands; `codes` are those of its ended commands, by their numbers."""

    wanted: EnsureMachine
    state: Literal["booting", "running", "ended"]
    commands: tuple[int, ...] = ()
    codes: dict[int, int] = {}
    reason: str = ""
    has_booted: bool = False
    limits: tuple[str, ...] = ()


class Holdings(Struct, frozen=True):
    """All that netd holds, as it was asked for."""

    epoch: str
    routers: tuple[EnsureRouter, ...] = ()
    interfaces: tuple[EnsureInterface, ...] = ()
    groups: dict[str, tuple[Group, ...]] = {}
    public: dict[str, dict[str, str]] = {}
    machines: tuple[HeldMachine, ...] = ()
