"""The builder as a process of its own: `build` a root, or `probe` for what it would be made of."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.roots import builder
from cloudling.drivers.roots.builder import Order
from cloudling.drivers.roots.shelf import Shelf
from cloudling.kernel.machines import NoSuchRoot

if TYPE_CHECKING:
    from types import FrameType

NO_SUCH_ROOT = 3


def main(words: list[str]) -> int:
    if words == ["probe"]:
        print(json.dumps(builder.reasons()))  # noqa: T201 - what whoever started it reads
        return 0
    syscalls.die_with_parent(signal.SIGTERM)
    signal.signal(signal.SIGTERM, _stop)
    order = msgspec.json.decode(words[1], type=Order)
    try:
        builder.build(order, Shelf(Path(order.folder)), _tell)
    except NoSuchRoot:
        return NO_SUCH_ROOT
    except OSError as fault:
        print(fault.strerror or fault, file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


def _tell(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - progress, for whoever started it


def _stop(*_: int | FrameType | None) -> None:
    """Whoever wanted the root is gone: what was half made goes too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
