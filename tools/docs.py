"""Checks every link of the Markdown pages that leads to a file or a heading of this project."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def pages(root: Path) -> list[Path]:
    """The Markdown files under version control, and those that are new."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [root / line for line in done.stdout.splitlines() if (root / line).is_file()]


def anchors(path: Path) -> set[str]:
    """The headings' anchors, as GitHub makes them."""
    titles = HEADING.findall(path.read_text())
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(path: Path) -> list[str]:
    """Every link of a page that leads nowhere."""
    found = []
    for link in LINK.findall(CODE.sub("", path.read_text())):
        target, _, anchor = link.partition("#")
        if "://" in link or link.startswith("mailto:"):
            continue
        place = (path.parent / target).resolve() if target else path
        if not place.exists():
            found.append(f"{path.relative_to(ROOT)}: {link} leads to no file")
        elif anchor and place.suffix == ".md" and anchor not in anchors(place):
            found.append(f"{path.relative_to(ROOT)}: {link} leads to no heading")
    return found


def main() -> int:
    findings = [finding for path in pages(ROOT) for finding in broken(path)]
    print("\n".join(findings) or "Every link of the docs leads somewhere.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
