"""A call made twice with the same client token happens once.

The model marks the token member (`idempotencyToken`); the same token with other parameters is an
error. Results are kept as long as `KEPT_SECONDS`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel.errors import AwsError
from cloudling.store.collections import CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service
    from cloudling.models.loader import Model

KEPT_SECONDS = 24 * 3600.0


class IdempotentParameterMismatch(AwsError):
    """The token was used before, with other parameters."""

    message = (
        "The request uses the same client token as a previous, but non-identical request. "
        "Do not reuse a client token with different requests, unless the requests are identical."
    )


class Answered(Record, frozen=True, kw_only=True):
    """A call that was answered: what was asked (as a digest) and what was said."""

    operation: str
    token: str
    digest: str
    result: dict[str, Any] | None
    until: float


SPEC = CollectionSpec(
    name="kernel_answered", record=Answered, key=("operation", "token"), scope="region", indexes=()
)


def once(run: Run, service: Service, operation: Operation) -> Run:
    """The stage; only operations whose model marks a token, and that are one unit, have it."""
    model = service.model_of(operation.name)
    member = _token_member(model, operation.name)
    if not member or not operation.transaction:
        return run
    name = f"{service.name}:{operation.name}"

    async def answered_once(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        token = request.get(member)
        if not token:
            return await run(call, request)
        kept = call.cloud.store.table(SPEC).bind(call.account, call.region)
        digest = digest_of(request)
        earlier = await kept.get(name, token)
        now = call.clock.now()
        if earlier is not None and earlier.until > now:
            if earlier.digest != digest:
                raise IdempotentParameterMismatch
            return earlier.result
        result = await run(call, request)
        await kept.put(
            Answered(
                operation=name, token=token, digest=digest, result=result, until=now + KEPT_SECONDS
            )
        )
        return result

    return answered_once


def digest_of(request: dict[str, Any]) -> str:
    """The same for equal requests, whatever the order of their members."""
    return hashlib.sha256(msgspec.msgpack.encode(request, order="deterministic")).hexdigest()


def _token_member(model: Model, operation: str) -> str:
    """The input member that the model marks as the token; "" without one."""
    shape = model.input(operation)
    for name, member in model.members(shape) if shape else ():
        if member.get("idempotencyToken"):
            return name
    return ""
