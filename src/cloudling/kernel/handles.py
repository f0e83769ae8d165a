"""Handles for code that no caller started: reconcilers, and services that serve the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.identities import service_principal
from cloudling.kernel.operations import Operation
from cloudling.kernel.origins import INTERNAL

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.cloud import Cloud

HOME = "us-east-1"  # where services of the whole world are at home


async def _no_operation(call: Call, request: dict[str, Any]) -> None:
    """Nobody calls it; a handle has an operation."""


def handle(cloud: Cloud, service: str, account: str = "", region: str = "") -> Any:
    """A call's handle of this service, in this account and region; the service is its caller."""
    room = cloud.services[service]
    identity = service_principal(f"{service}.amazonaws.com", account)
    operation = Operation("", _no_operation)
    call = room.call_type(cloud, room, operation, identity, region or HOME)
    call.origin = INTERNAL
    call.request_id = cloud.ids.request_id()
    return call
