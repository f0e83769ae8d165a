"""Tags: the operations on them, for resources of every type.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.ec2 import (
    defaults,
    identifiers,
    image_catalogue,
    instance_lookup,
    listings,
    own_images,
    references,
    taggings,
)
from cloudling.services.ec2.call import COLLECTIONS
from cloudling.services.ec2.errors import InvalidId
from cloudling.services.ec2.filters import Filters
from cloudling.services.ec2.parameters import required

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call

Request = dict[str, Any]
FILTERS = Filters(
    {"key": "Key", "resource-id": "ResourceId", "resource-type": "ResourceType", "value": "Value"}
)


@operation("CreateTags")
async def create_tags(call: Ec2Call, request: Request) -> Request:
    places = await _places(call, required(request, "Resources", "resourceIdSet"))
    tags = taggings.read(required(request, "Tags", "tagSet"))
    for place in places:
        await taggings.add(call, place, tags)
    await _touch_instances(call, request)
    return {}


@operation("DeleteTags")
async def delete_tags(call: Ec2Call, request: Request) -> Request:
    """A key alone takes its tag away, one with a value only where it has that; none takes all."""
    places = await _places(call, required(request, "Resources", "resourceIdSet"))
    given = request.get("Tags") or []
    for place in places:
        there = await call.tags.of(place)
        await call.tags.replace(place, _left(there, given))
    await _touch_instances(call, request)
    return {}


async def _touch_instances(call: Ec2Call, request: Request) -> None:
    """Instances may find their tags in their metadata."""
    for each in dict.fromkeys(request["Resources"]):
        instance = await call.instances.get(each)
        if instance is not None and instance.metadata.tags == "enabled":
            await instance_lookup.touch(call, instance)


def _left(there: dict[str, str], given: Sequence[Request]) -> dict[str, str]:
    gone = {
        key
        for key, value in there.items()
        if not given
        or any(each.get("Key") == key and each.get("Value") in (None, value) for each in given)
    }
    return {key: value for key, value in there.items() if key not in gone}


async def _places(call: Ec2Call, ids: Sequence[str]) -> list[str]:
    """Where the tags of these resources lie; all of them are there."""
    await defaults.prepare(call)
    found = []
    for each in dict.fromkeys(ids):
        kind = identifiers.kind_of(each)
        if kind is None or not references.is_well_formed(each):
            raise InvalidId(f"The ID '{each}' is not valid")
        if not await _is_there(call, kind, each):
            raise references.absent(kind, each)
        found.append(taggings.place(call, kind, each))
    return found


async def _is_there(call: Ec2Call, kind: str, name: str) -> bool:
    if kind == "image" and name in image_catalogue.images(call.region):
        return True
    collection = getattr(call, COLLECTIONS[kind]) if kind in COLLECTIONS else None
    found = await collection.get(name) if collection is not None else None
    if kind == "image" and found is not None:
        return own_images.is_visible(call, found)
    return found is not None


@operation("DescribeTags")
async def describe_tags(call: Ec2Call, request: Request) -> Request:
    listings.check_size(request)
    scope = taggings.scope(call)
    items = []
    for each in await call.tags.below(scope):
        kind, _, name = each.arn.removeprefix(scope).partition("/")
        items += [
            {"Key": key, "Value": value, "ResourceId": name, "ResourceType": kind}
            for key, value in each.tags.items()
        ]
    tests = FILTERS.tests(request.get("Filters"))
    found = [item for item in items if all(test({**item, "Tags": [item]}) for test in tests)]
    shown, more = listings.page(call, request, found)
    return {"Tags": shown, **more}
