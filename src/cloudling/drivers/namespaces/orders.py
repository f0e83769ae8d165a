"""What a machine's first process is told, and what it says: values, as JSON over its channel."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

# Stands for the machine's own user, by whatever name.
LOGIN = "@"


class Ceilings(Struct, frozen=True):
    """What the kernel holds each process to where there are no groups; 0 is no ceiling.

    Processes are counted together, since all of a machine's are one user's to the kernel.
    """

    processes: int = 0
    memory: int = 0
    file: int = 0


class Birth(Struct, frozen=True):
    """A machine to be: folders of its root by their paths, the uppermost first.

    `groups` are the files in which its first process is written down before it begins. With
    `host_usr` what the root has in `usr` lies over the host's. The disk and the host's programs
    come as mounts beside the message where a keeper has made them.
    """

    name: str
    hostname: str
    folder: str
    lower: tuple[str, ...]
    host_usr: bool = False
    groups: tuple[str, ...] = ()
    ceilings: Ceilings = Ceilings()
    mounts: tuple[str, ...] = ()


class Boot(Struct, frozen=True, tag="boot", tag_field="do"):
    """Get ready and start what a machine starts; the `Setup` lies in the file beside it."""

    is_first: bool


class Command(Struct, frozen=True, tag="command", tag_field="do"):
    """A program to run; its input, output and errors come as descriptors, or are the console's.

    With a terminal it gets one, and whoever asked the other side of it. With a `user` it runs as
    that one does after login, and an empty `argv` is that user's shell.
    """

    id: int
    argv: tuple[str, ...]
    environment: dict[str, str] = {}
    folder: str = ""
    uid: int = 0
    gid: int = 0
    user: str = ""
    has_terminal: bool = False


class End(Struct, frozen=True, tag="end", tag_field="do"):
    """Ask all to end, and end yourself after so many seconds."""

    patience: Annotated[float, Meta(ge=0)]


class Ping(Struct, frozen=True, tag="ping", tag_field="do"):
    """Answer."""

    id: int


Order = Boot | Command | End | Ping


class Setup(Struct, frozen=True, omit_defaults=True):
    """What a machine is to be like, as `kernel/machines.py` has it; scripts run in this order."""

    hostname: str
    address: str = ""
    domain: str = ""
    resolver: str = ""
    environment: dict[str, str] = {}
    authorities: str = ""
    user: str = "ec2-user"
    keys: tuple[str, ...] = ()
    scripts: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()


class Told(Struct, frozen=True, omit_defaults=True):
    """What the first process says: ready, booted, started, exited, there, or what went wrong."""

    ready: bool = False
    booted: bool = False
    pong: bool = False
    id: int = -1
    started: int = 0
    exited: int = 0
    code: int = 0
    error: str = ""
