"""What instances write to their consoles, and the passwords that only Windows has.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-console.html
"""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import instance_lookup
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]


@operation("GetConsoleOutput", transaction=False, waits=True)
async def get_console_output(call: Ec2Call, request: Request) -> Request:
    """The newest 64 KiB, always the latest; nothing before the machine has begun."""
    instance = await instance_lookup.require(call, required(request, "InstanceId"))
    machines = call.cloud.machines
    text = b""
    if machines is not None and instance.state != "terminated":
        # A machine that has not begun, or whose driver has gone, has nothing to show.
        with suppress(OSError):
            text = await machines.console(instance.id)
    told: Request = {"InstanceId": instance.id, "Timestamp": call.clock.now()}
    return {**told, "Output": base64.b64encode(text).decode()} if text else told


@operation("GetPasswordData")
async def get_password_data(call: Ec2Call, request: Request) -> Request:
    """Only Windows writes a password; all instances here are Linux."""
    instance = await instance_lookup.require(call, required(request, "InstanceId"))
    return {"InstanceId": instance.id, "Timestamp": instance.launched, "PasswordData": ""}
