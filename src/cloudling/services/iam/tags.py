"""Tags of IAM's entities: limits and words; the rows lie in the kernel's tag table.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cloudling.kernel.tags import MOST, TagRules
from cloudling.services.iam import entities
from cloudling.services.iam.errors import InvalidInput, LimitExceeded

Request = dict[str, Any]

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.iam.call import IamCall

RULES = TagRules(
    duplicate=partial(
        InvalidInput, "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    ),
    reserved=partial(InvalidInput, "Tag keys cannot start with 'aws:', which is reserved."),
    too_many=partial(LimitExceeded, f"The number of tags has reached the maximum limit: {MOST}"),
    folds_case=True,
)
given = RULES.given


async def listed(call: IamCall, arn: str) -> list[dict[str, str]]:
    return told(await call.tags.of(arn))


def told(given: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as answers tell them."""
    return [{"Key": key, "Value": value} for key, value in given.items()]


def paged(call: IamCall, request: Request, found: Mapping[str, str]) -> Request:
    """The result of a listing of tags."""
    shown, more = entities.page(call, request, told(found))
    return {"Tags": list(shown), **more}
