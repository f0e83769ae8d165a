"""The path of every call through the kernel: one tuple, outermost stage first.

Each stage gets what comes after it and gives back a function of the same form; a stage that an
operation does not need hands on what it got, and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from cloudling.kernel.idempotency import once
from cloudling.kernel.stages.authorize import authorize
from cloudling.kernel.stages.record import record
from cloudling.kernel.stages.rehearse import rehearse
from cloudling.kernel.stages.transact import transact
from cloudling.kernel.stages.validate import validate

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.services import Service

Run = Callable[["Call", dict[str, Any]], Coroutine[Any, Any, dict[str, Any] | None]]

STAGES = (record, validate, transact, authorize, rehearse, once)


def build(service: Service, operation: Operation) -> Run:
    """The operation with all stages around it; made once per operation."""
    run: Run = operation.function
    for stage in reversed(STAGES):
        run = stage(run, service, operation)
    return run
