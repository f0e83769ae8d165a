"""EC2's condition keys: of the call, of a resource that is named, and of one that is to be made.

What the records of a resource tell (its VPC, its own tags) is added by `facts`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need
from cloudling.models import actions
from cloudling.services.ec2 import identifiers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.kernel import Call

Request = dict[str, Any]
Context = dict[str, "str | Sequence[str]"]
# Keys that hold a member of another name.
_MEMBERS = {"VolumeSize": "Size", "VolumeIops": "Iops", "VolumeThroughput": "Throughput"}


def of_call(call: Call) -> Context:
    return {"ec2:Region": call.region}


def of_name(kind: str, name: str) -> Context:
    key = identifiers.identity_key(kind)
    return {key: name} if key and not name.startswith("arn:") else {}


def of_tags(tags: Any) -> Context:
    """The tags that a request sets or takes away."""
    given = [each for each in tags or () if "Key" in each]
    if not given:
        return {}
    context: Context = {f"aws:RequestTag/{each['Key']}": each.get("Value", "") for each in given}
    return {**context, "aws:TagKeys": [each["Key"] for each in given]}


def of_new(kind: str, request: Request) -> Context:
    """What the request says of a resource that it makes: its attributes and tags."""
    context: Context = {}
    for key, member in _attributes(kind):
        value = request.get(member)
        if value is not None and isinstance(value, (str, bool, int, float)):
            context[key] = text(value)
    return context | of_tags(specified(request).get(kind))


@lru_cache(maxsize=256)
def _attributes(kind: str) -> tuple[tuple[str, str], ...]:
    names = [
        (key, key.removeprefix("ec2:"))
        for key in actions.load("ec2").resource_keys.get(kind, ())
        if key.startswith("ec2:")
    ]
    return tuple((key, _MEMBERS.get(name, name)) for key, name in names)


def text(value: str | float) -> str:
    """A member's value as policies compare it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def need(call: Call, kind: str, name: str, context: Context) -> Need:
    """The operation on a resource that is there."""
    whole = of_call(call) | of_name(kind, name) | context
    return Need(f"ec2:{call.operation.name}", identifiers.arn(call, kind, name), context=whole)


def need_of_new(call: Call, kind: str, context: Context) -> Need:
    """The operation on a resource that it makes, of which `context` is what is known."""
    name = f"ec2:{call.operation.name}"
    return Need(name, identifiers.arn(call, kind), context=of_call(call) | context)


def tagging(call: Call, request: Request) -> list[Need]:
    """To tag what an operation makes is a permission of its own.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    action = {"ec2:CreateAction": call.operation.name}
    return [
        Need(
            "ec2:CreateTags",
            identifiers.arn(call, kind),
            context=of_call(call) | action | of_tags(tags),
        )
        for kind, tags in specified(request).items()
    ]


def specified(request: Request) -> dict[str, list[Any]]:
    """The tags of each resource type that a request says tags for."""
    known = actions.load("ec2").resources
    found: dict[str, list[Any]] = {}
    for each in request.get("TagSpecifications") or ():
        kind, tags = each.get("ResourceType"), each.get("Tags")
        if tags and kind in known:
            found.setdefault(kind, []).extend(tags)
    return found
