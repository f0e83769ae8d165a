"""Runs a function of a test module within namespaces of its own, in a process of its own."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.processes import PATIENCE, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


def inside(function: Callable[[], None]) -> None:
    """Call it there; what it raises fails the test with its traceback."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, function.__module__, function.__name__],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 4,
        check=False,
    )
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    from cloudling.drivers.namespaces.process import enter_user_namespace
    from cloudling.drivers.namespaces.syscalls import NEWNET

    enter_user_namespace(NEWNET)
    module, name = sys.argv[1:]
    getattr(importlib.import_module(module), name)()
