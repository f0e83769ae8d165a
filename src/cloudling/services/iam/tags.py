"""Tags of IAM's entities: limits and words; the rows lie in the kernel's tag table.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.tags import MOST
from cloudling.services.iam import entities
from cloudling.services.iam.errors import InvalidInput, LimitExceeded

Request = dict[str, Any]

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.iam.call import IamCall


def given(request: Request) -> dict[str, str]:
    """The request's tags, checked; keys are unique whatever their case."""
    found: dict[str, str] = {}
    for tag in request.get("Tags", ()):
        key = tag["Key"]
        if key.lower() in (known.lower() for known in found):
            raise InvalidInput(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            )
        if key.lower().startswith("aws:"):
            raise InvalidInput("Tag keys cannot start with 'aws:', which is reserved.")
        found[key] = tag["Value"]
    return found


async def add(call: IamCall, arn: str, request: Request) -> None:
    """Set tags; one whose key is there already, in whatever case, stays where it stands."""
    new = {key.lower(): (key, value) for key, value in given(request).items()}
    kept = {key.lower(): (key, value) for key, value in (await call.tags.of(arn)).items()}
    if len(kept | new) > MOST:
        raise LimitExceeded(f"The number of tags has reached the maximum limit: {MOST}")
    await call.tags.replace(arn, dict((kept | new).values()))


async def remove(call: IamCall, arn: str, request: Request) -> None:
    """Keys are the same whatever their case; one that is not there is no error."""
    gone = {key.lower() for key in request["TagKeys"]}
    kept = await call.tags.of(arn)
    await call.tags.replace(arn, {key: kept[key] for key in kept if key.lower() not in gone})


async def listed(call: IamCall, arn: str) -> list[dict[str, str]]:
    return told(await call.tags.of(arn))


def told(given: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as answers tell them."""
    return [{"Key": key, "Value": value} for key, value in given.items()]


async def paged(call: IamCall, arn: str, request: Request) -> Request:
    shown, more = entities.page(call, request, await listed(call, arn))
    return {"Tags": list(shown), **more}
