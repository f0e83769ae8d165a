"""The states of instances: their numbers, and the one way from one to the next.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import arns

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance

CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}


class Cause(NamedTuple):
    """Why a state changes: the code and words of StateReason, and who did it."""

    code: str
    words: str
    who: str

    @property
    def reason(self) -> tuple[str, str]:
        return self.code, f"{self.code}: {self.words}"


# What the state before had as its cause.
SAME = Cause("", "", "")
BY_USER = Cause("Client.UserInitiatedShutdown", "User initiated shutdown", "User initiated")
FROM_INSIDE = Cause(
    "Client.InstanceInitiatedShutdown", "Instance initiated shutdown", "User initiated"
)


def by_server(fault: str) -> Cause:
    """Something here went wrong; the words say what."""
    return Cause("Server.InternalError", fault, "Server.InternalError")


def arn(call: Ec2Call, instance_id: str) -> str:
    return str(
        arns.Arn(call.partition, "ec2", call.region, call.account, f"instance/{instance_id}")
    )


def told(state: str) -> dict[str, Any]:
    return {"Code": CODES[state], "Name": state}


async def move(
    call: Ec2Call, instance: Instance, state: str, cause: Cause | None = None, **fields: Any
) -> Instance:
    """Inside a unit: into another state, told as an event; a Conflict if it is another by now."""
    if cause is not None and cause is not SAME:
        fields["reason"] = cause.reason
        fields["transition"] = f"{cause.who} ({_moment(call)})"
    elif cause is None:
        fields |= {"reason": ("", ""), "transition": ""}
    moved = await call.instances.change(
        instance.id, expect=instance.revision, state=state, **fields
    )
    await tell(call, moved)
    return moved


async def tell(call: Ec2Call, instance: Instance) -> None:
    """The event of the state that an instance has come into."""
    detail = {"instance-id": instance.id, "state": instance.state}
    kind = "EC2 Instance State-change Notification"
    await call.emit("aws.ec2", kind, detail, [arn(call, instance.id)])


def _moment(call: Ec2Call) -> str:
    return datetime.fromtimestamp(int(call.clock.now()), UTC).strftime("%Y-%m-%d %H:%M:%S GMT")
