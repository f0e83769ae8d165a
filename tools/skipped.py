"""Says which tests a run skipped, and fails when this machine could have run them.

Terraform's scenarios need the program and a mirror of the AWS provider. Where both are found, a
skipped one is a fault of ours and not of the machine.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

PROVIDER = "terraform-provider-aws_v5*"
DEEPEST = 8
# A mirror is host/namespace/type/version/platform/file.
ABOVE = 5


def find_mirror() -> Path | None:
    """The folder that holds the provider's mirror, or None."""
    named = os.environ.get("CLOUDLING_TF_MIRROR")
    if named:
        return Path(named) if Path(named).is_dir() else None
    for top in (Path("/opt"), Path("/usr/local"), Path("/usr/share"), Path("/srv"), Path.home()):
        for folder in _folders(top):
            for provider in folder.glob(PROVIDER):
                return provider.parents[ABOVE]
    return None


def _folders(top: Path) -> list[Path]:
    """The folders under `top`, to a depth at which a mirror may lie."""
    found = []
    for path, names, _ in os.walk(top):
        found.append(Path(path))
        if len(Path(path).relative_to(top).parts) >= DEEPEST:
            names.clear()
    return found


def skipped(report: Path) -> list[tuple[str, str]]:
    """(test, reason) of every test that the JUnit report says was skipped."""
    root = ElementTree.parse(report).getroot()  # noqa: S314 - pytest's own report
    return [
        (f"{case.get('classname')}.{case.get('name')}", reason.get("message") or "")
        for case in root.iter("testcase")
        for reason in case.findall("skipped")
    ]


def main() -> int:
    report = Path(sys.argv[1])
    left_out = skipped(report)
    for reason, number in Counter(reason for _, reason in left_out).most_common():
        print(f"skipped {number}: {reason}")
    terraform = [name for name, _ in left_out if "terraform" in name.lower()]
    mirror = find_mirror() if terraform and shutil.which("terraform") else None
    if mirror is None:
        return 0
    print(f"Terraform and its provider ({mirror}) are on this machine, but these were skipped:")
    print("\n".join(f"  {name}" for name in terraform))
    return 1


if __name__ == "__main__":
    sys.exit(main())
