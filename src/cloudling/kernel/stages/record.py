"""Every call leaves one record, however it ends."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from cloudling.kernel.errors import AwsError, InternalFailure
from cloudling.kernel.recording import CallRecord

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service

log = logging.getLogger(__name__)


def record(run: Run, service: Service, operation: Operation) -> Run:
    """The stage; what is not an AwsError is a bug: logged whole, answered 500."""
    name, operation_name = service.model_of(operation.name).name, operation.name

    async def recorded(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        started = perf_counter()
        error = ""
        try:
            return await run(call, request)
        except AwsError as refused:
            error = refused.error_code
            raise
        except Exception as fault:
            error = "InternalFailure"
            log.exception("request_id=%s %s:%s failed", call.request_id, name, operation_name)
            raise InternalFailure from fault
        finally:
            call.cloud.recorder.add(
                CallRecord(
                    call.cloud.clock.now(),
                    call.request_id,
                    name,
                    operation_name,
                    call.identity,
                    call.region,
                    call.origin.peer,
                    error,
                    perf_counter() - started,
                )
            )

    return recorded
