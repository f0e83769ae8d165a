"""The survey: is every service room built alike? One line a finding, with its remedy.

`--write` brings the generated parts up to date. Each check is one function in tools/checks/ that
takes a `Room` (or the whole `House`) and yields findings.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tools.checks import HOUSE_CHECKS, ROOM_CHECKS  # noqa: E402 - needs the path above
from tools.checks.house import House  # noqa: E402 - as above


def survey(root: Path) -> list[str]:
    """Every finding: `<file>: <what is wrong>. <remedy>`."""
    house = House(root)
    found = [finding for check in HOUSE_CHECKS for finding in check(house)]
    found += [finding for room in house.rooms for check in ROOM_CHECKS for finding in check(room)]
    return [str(finding) for finding in found]


def main() -> int:
    if "--write" in sys.argv[1:]:
        from tools.checks import generated  # noqa: PLC0415 - needs what a survey alone does not

        generated.write(House(ROOT))
    findings = survey(ROOT)
    print("\n".join(findings) or "The survey found nothing to mend.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
