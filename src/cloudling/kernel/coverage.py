"""Which operations of AWS's models are built: read from the code, so that it cannot be stale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.kernel.operations import Operation
    from cloudling.kernel.services import Service

Table = dict[str, dict[str, str]]


def coverage_of(services: Iterable[Service]) -> Table:
    """Per model and operation: `real`, `partial: <reason>` or `missing`."""
    return {
        model: {
            name: _state(service.operations.get(name))
            for name in sorted(loader.load(model).operations)
        }
        for service in services
        for model in service.models
    }


def _state(operation: Operation | None) -> str:
    if operation is None:
        return "missing"
    return f"partial: {operation.partial}" if operation.partial else "real"
