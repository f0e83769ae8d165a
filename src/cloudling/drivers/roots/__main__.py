"""The builder as a process of its own: `build` a root, or `probe` for what it would be made of."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from cloudling.drivers.namespaces import syscalls
from cloudling.drivers.roots import builder
from cloudling.drivers.roots.builder import Order
from cloudling.drivers.roots.shelf import Shelf
from cloudling.kernel.machines import NoSuchRoot

NO_SUCH_ROOT = 3
_PATIENCE = 30


def main(words: list[str]) -> int:
    if words == ["probe"]:
        print(json.dumps(builder.reasons()))  # noqa: T201 - what whoever started it reads
        return 0
    order = msgspec.json.decode(words[1], type=Order)
    shelf = Shelf(Path(order.folder))
    os.setsid()
    signal.signal(signal.SIGTERM, lambda *_: _stop(shelf))
    syscalls.die_with_parent(signal.SIGTERM)
    try:
        builder.build(order, shelf, _tell)
    except NoSuchRoot:
        return NO_SUCH_ROOT
    except OSError as fault:
        print(fault.strerror or fault, file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


def _tell(words: str) -> None:
    print(words, flush=True)  # noqa: T201 - progress, for whoever started it


def _stop(shelf: Shelf) -> None:
    """Whoever wanted the root is gone: what was half made goes too, and all that made it.

    Done here and not by an exception, since Python drops those that come while it forks.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.alarm(_PATIENCE)
    os.killpg(0, signal.SIGTERM)
    with suppress(ChildProcessError):
        while True:
            os.wait()
    shelf.clear_own()
    os._exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))
