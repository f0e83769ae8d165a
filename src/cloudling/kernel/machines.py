"""Machines as services want them: values, in AWS's terms, that a driver makes true.

A machine's *disk* bears its name, lies over a *root* and outlives its runs. Roots are what stands
behind images: those of the catalogue by their family (`amazon-linux-2`), those that users capture
by the image's id (`ami-…`). `kernel/ports.py` has the ports they go through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import asyncio

    from cloudling.kernel.networks import Interface

PROCESSORS, MEMORY, PROCESSES, DISK = "processors", "memory", "processes", "disk"


class Limits(Struct, frozen=True):
    """What a machine may use: processors (0.5 is half of one), bytes, processes, bytes."""

    processors: float
    memory: int
    processes: int
    disk: int


class Machine(Struct, frozen=True, kw_only=True):
    """A machine to be; it has its own space, of its own name, with these interfaces.

    `script` is user data: it runs once, as root, at the first start of this machine's disk, when
    the interfaces carry. `keys` are lines of `authorized_keys` for `user`, who may become root.
    All its programs have the `environment`; they ask `resolver` for names, within `domain`, and
    trust the `authorities` (PEM) besides those of the root.
    """

    name: str
    hostname: str
    root: str
    limits: Limits
    interfaces: tuple[Interface, ...] = ()
    user: str = "ec2-user"
    keys: tuple[str, ...] = ()
    script: bytes = b""
    environment: dict[str, str] = {}
    resolver: str = ""
    domain: str = ""
    authorities: str = ""


class HeldMachine(Struct, frozen=True, kw_only=True):
    """A machine as a driver holds it; `limits` are those of the four that really hold."""

    name: str
    state: Literal["starting", "running", "stopped"]
    reason: str = ""
    limits: tuple[str, ...] = ()


class MachineHoldings(Struct, frozen=True):
    """All that a driver holds; another `epoch` tells that nothing runs of what ran before."""

    epoch: str
    machines: tuple[HeldMachine, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs in a machine; the descriptors are then the asker's.

    They are the ends of its input, output and errors, or the one of its terminal. `code` is known
    when it has ended.
    """

    descriptors: tuple[int, ...]
    code: asyncio.Future[int]


class Root(Struct, frozen=True, kw_only=True):
    """What stands behind images: `title` says what it truly is, as its `/etc/os-release` does."""

    name: str
    title: str
    is_ready: bool = False
    size: int = 0


class NoSuchRoot(LookupError):
    """No root bears this name, and none can be built for it."""
