"""One call, one transaction: the operation runs as a unit of the store, or opens its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.units import run_unit

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service


def transact(run: Run, service: Service, operation: Operation) -> Run:
    """The stage; a transactional operation that waits is rolled back and is a bug."""
    if not operation.transaction:
        return run

    async def transacted(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        with call.cloud.store.unit():
            return run_unit(run(call, request))

    return transacted
