"""One call, one transaction: the operation runs as a unit of the store, or opens its own."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from cloudling.kernel.units import suspended

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service

log = logging.getLogger(__name__)
# A unit holds the loop, so whoever else calls waits as long.
STALL_SECONDS = 0.01


def transact(run: Run, service: Service, operation: Operation) -> Run:
    """The stage; a transactional operation that waits is rolled back and is a bug."""
    if not operation.transaction:
        return run

    async def transacted(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        started = perf_counter()
        coroutine = run(call, request)
        with call.cloud.unit:
            # As `run_unit`, which would cost reading calls as much as their unit does.
            try:
                coroutine.send(None)
            except StopIteration as done:
                result: dict[str, Any] | None = done.value
            else:
                raise suspended(coroutine)
        if (held := perf_counter() - started) > STALL_SECONDS:
            log.info(
                "stall request_id=%s call=%s:%s ms=%.1f",
                call.request_id,
                service.name,
                operation.name,
                held * 1000,
            )
        return result

    return transacted
