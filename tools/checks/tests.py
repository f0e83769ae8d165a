"""Every operation is called by a test in process and by one over the wire."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.checks.house import Finding, Room

LEVELS = {"api": "test_api*.py", "wire": "test_wire*.py"}


def check(room: Room) -> Iterator[Finding]:
    for level, pattern in LEVELS.items():
        files = sorted(room.tests.glob(pattern))
        text = "\n".join(path.read_text() for path in files)
        for name, path in sorted(room.operations.items()):
            if not mentioned(name, text):
                remedy = f"Call it in tests/services/{room.name}/{pattern.replace('*', '')}"
                yield room.finding(path, f"{name} has no {level} test", remedy)


def mentioned(operation: str, text: str) -> bool:
    """Whether a test names an operation as AWS does, as boto3 does or as the CLI does."""
    snake = snake_case(operation)
    return any(
        re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text)
        for name in (operation, snake, snake.replace("_", "-"))
    )


def snake_case(name: str) -> str:
    """`ListObjectsV2` is `list_objects_v2`, `GetSAMLProvider` is `get_saml_provider`."""
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", parted).lower()
