"""EC2's dry runs: who may make the call is told so, and nothing happens.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service


class DryRunOperation(AwsError):
    """The caller has the permissions that were asked for."""

    message = "Request would have succeeded, but DryRun flag is set."
    status = 412


def rehearse(run: Run, service: Service, operation: Operation) -> Run:
    """The stage, for operations of EC2's protocol that take `DryRun`."""
    model = service.model_of(operation.name)
    shape = model.input(operation.name)
    if "ec2" not in model.protocols or shape is None or "DryRun" not in shape.own["members"]:
        return run

    async def rehearsed(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        if request.get("DryRun"):
            raise DryRunOperation
        return await run(call, request)

    return rehearsed
