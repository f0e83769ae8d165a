"""What instances and their networks need of this machine, tried by the driver's own probe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cloudling
from cloudling.cli.findings import Finding

_NAME = "instances"
_PATIENCE = 30


def machine() -> list[Finding]:
    """One finding for each thing tried; the probe is a process of its own, since it must fork."""
    if sys.platform != "linux":
        remedy = "Run Cloudling in a Linux virtual machine to launch instances."
        return [Finding(_NAME, False, "only Linux has namespaces", remedy)]
    said = ask([sys.executable, "-m", "cloudling.drivers.namespaces", "probe"])
    try:
        return [Finding(**found) for found in json.loads(said)]
    except (ValueError, TypeError):
        last = said.strip().splitlines()[-1:] or ["it says nothing"]
        remedy = "Report this: the probe of namespaces should not fail."
        return [Finding(_NAME, False, f"the probe does not run: {last[0]}", remedy)]


def ask(command: list[str]) -> str:
    """What it prints; where it prints nothing, what it complains of."""
    paths = [str(Path(cloudling.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            command,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        return str(fault)
    return done.stdout or done.stderr
