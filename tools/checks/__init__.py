"""The survey's checks, one module each."""

from __future__ import annotations

from tools.checks import (
    arns,
    calls,
    files,
    generated,
    manifests,
    names,
    operations,
    pages,
    tests,
)

HOUSE_CHECKS = (names.check, generated.check)
ROOM_CHECKS = (
    files.check,
    manifests.check,
    calls.check,
    operations.check,
    tests.check,
    pages.check,
    arns.check,
)
