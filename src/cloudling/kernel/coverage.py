"""Which operations of AWS's models are built: read from the code, so that it cannot be stale."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.kernel.services import Service

Table = dict[str, dict[str, str]]


def coverage_of(services: Iterable[Service]) -> Table:
    """Per model and operation: `real`, `partial: <reason>` or `missing: <reason>`.

    Why operations are missing says the service's manifest, by patterns of their names.
    """
    return {
        model: {name: _state(service, name) for name in sorted(loader.load(model).operations)}
        for service in services
        for model in service.models
    }


def is_missing(state: str) -> bool:
    """Whether that is the state of an operation that is not built."""
    return state.partition(":")[0] == "missing"


def _state(service: Service, name: str) -> str:
    operation = service.operations.get(name)
    if operation is None:
        reasons = service.manifest.get("missing", {}).items()
        found = [reason for pattern, reason in reasons if fnmatchcase(name, pattern)]
        return f"missing: {found[0]}" if found else "missing"
    return f"partial: {operation.partial}" if operation.partial else "real"
