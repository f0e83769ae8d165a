"""Tags of EC2's resources, in the kernel's one tag table: where they lie, limits and words.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns
from cloudling.kernel.tags import MOST
from cloudling.services.ec2.errors import (
    InvalidParameter,
    InvalidParameterValue,
    TagLimitExceeded,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloudling.kernel import Call

Request = dict[str, Any]
Tag = dict[str, str]


# Operations on these have another code for wrong specifications than those on networks.
_OF_INSTANCES = frozenset({"image", "instance", "snapshot", "volume"})
KEY_LENGTH = 128
VALUE_LENGTH = 256


def place(call: Call, kind: str, name: str) -> str:
    """Where a resource's tags lie: images' ARNs name no account, but tags are an account's own."""
    return f"{scope(call)}{kind}/{name}"


def scope(call: Call) -> str:
    """What all places of the account's tags in the region begin with."""
    return str(arns.Arn(call.partition, "ec2", call.region, call.account, ""))


async def of(call: Call, kind: str, name: str) -> list[Tag]:
    return told(await call.tags.of(place(call, kind, name)))


def told(tags: Mapping[str, str]) -> list[Tag]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def read(given: Sequence[Request]) -> dict[str, str]:
    """The tags that a request gives, checked."""
    found: dict[str, str] = {}
    for tag in given:
        key, value = tag.get("Key"), tag.get("Value") or ""
        if not key:
            raise InvalidParameterValue("Tag key cannot be null or empty")
        if key.lower().startswith("aws:"):
            raise InvalidParameterValue(
                "Tag keys starting with 'aws:' are reserved for internal use"
            )
        _check_length("key", key, KEY_LENGTH)
        _check_length("value", value, VALUE_LENGTH)
        if key in found:
            raise InvalidParameterValue(f"Duplicate tag key '{key}' specified.")
        found[key] = value
    return found


def _check_length(part: str, text: str, most: int) -> None:
    if len(text) > most:
        raise InvalidParameterValue(
            f"Tag {part} exceeds the maximum length of {most} characters: {text}"
        )


async def add(call: Call, where: str, new: Mapping[str, str]) -> None:
    """Set tags beside those that are there."""
    merged = {**await call.tags.of(where), **new}
    if len(merged) > MOST:
        raise TagLimitExceeded
    await call.tags.replace(where, merged)


def specified(request: Request, kind: str) -> dict[str, str]:
    """The tags for what an operation makes, which is of one resource type."""
    return by_kind(request, kind)[kind]


def by_kind(request: Request, *kinds: str) -> dict[str, dict[str, str]]:
    """The tags for all that an operation makes, by each of its resource types."""
    found: dict[str, list[Request]] = {kind: [] for kind in kinds}
    for each in request.get("TagSpecifications") or ():
        kind, tags = each.get("ResourceType"), each.get("Tags")
        wrong = InvalidParameterValue if _OF_INSTANCES & set(kinds) else InvalidParameter
        if not kind:
            raise wrong("Tag specification resource type must have a value")
        if kind not in kinds:
            raise wrong(f"'{kind}' is not a valid taggable resource type for this operation.")
        if not tags:
            raise wrong("Tag specification must have at least one tag")
        found[kind] += tags
    checked = {kind: read(tags) for kind, tags in found.items()}
    if max(map(len, checked.values()), default=0) > MOST:
        raise TagLimitExceeded
    return checked
