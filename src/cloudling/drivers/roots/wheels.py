"""Wheels kept with a root: `pip install flask boto3` works where the internet is refused."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cloudling.drivers.roots.furnishing import WHEELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.drivers.roots.trees import Tree

KEPT = ("flask", "boto3")
_NO_PIP = "No module named pip"
_GLIBCS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")
_OPTIONS = ("download", "-q", "--only-binary=:all:", "--implementation", "cp", "--retries", "1")
_PATIENCE = 600


def keep(tree: Tree, python: str, tell: Callable[[str], None]) -> None:
    """Those that suit that Python; without a source the root goes without them, and says so."""
    tell(f"downloading {' and '.join(KEPT)}")
    with tempfile.TemporaryDirectory(dir=tree.folder.parent) as folder:
        fault = _NO_PIP
        for pip in _pips():
            fault = _download(pip, python, Path(folder))
            if _NO_PIP not in fault:
                break
        if fault:
            tell(f"no wheels are kept: {fault}")
            return
        for path in sorted(Path(folder).iterdir()):
            tree.write(f"{WHEELS}/{path.name}", path.read_bytes())


def _pips() -> list[list[str]]:
    found = [[sys.executable, "-m", "pip"]]
    system = shutil.which("python3")
    return [*found, [system, "-m", "pip"]] if system else found


def _download(pip: list[str], python: str, folder: Path) -> str:
    """Why not; "" when all is there."""
    machine = platform.machine()
    platforms = [word for glibc in _GLIBCS for word in ("--platform", f"{glibc}_{machine}")]
    abis = [
        word for abi in (f"cp{python.replace('.', '')}", "abi3", "none") for word in ("--abi", abi)
    ]
    try:
        done = subprocess.run(  # noqa: S603 - pip, as its user has set it up
            [
                *pip,
                *_OPTIONS,
                "--dest",
                str(folder),
                "--python-version",
                python,
                *abis,
                *platforms,
                *KEPT,
            ],
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as fault:
        return str(fault)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"pip ends with {done.returncode}"]
    said = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (said or lines)[-1]


def add_pip(tree: Tree, folder: str) -> bool:
    """pip itself, from the wheel that comes with Python, where the root's Python has none."""
    for place in (Path(sys.base_prefix) / "lib", Path("/usr/share/python-wheels")):
        pattern = "python3*/ensurepip/_bundled/pip-*.whl" if place.name == "lib" else "pip-*.whl"
        for wheel in sorted(place.glob(pattern)):
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    if not name.endswith("/"):
                        tree.write(f"{folder}/{name}", archive.read(name))
            return True
    return False
