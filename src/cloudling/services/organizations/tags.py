"""Tags of accounts, units, roots and policies; the rows lie in the kernel's tag table.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_tagging.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cloudling.kernel.tags import TagRules, tag_operations
from cloudling.services.organizations import (
    identifiers,
    listings,
    membership,
    policy_types,
    quotas,
    tree,
)
from cloudling.services.organizations.errors import (
    ConstraintViolationException,
    InvalidInputException,
    TargetNotFoundException,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization

Request = dict[str, Any]
_reserved = partial(
    InvalidInputException,
    "INVALID_SYSTEM_TAGS_PARAMETER",
    "You specified a tag key that is a system tag. You can't add, edit, or delete system tag keys "
    "because they're reserved for AWS use. System tags don't count against your tags per resource "
    "limit.",
)
_RULES = TagRules(
    duplicate=partial(
        InvalidInputException,
        "DUPLICATE_TAG_KEY",
        "Tag keys must be unique among the tags attached to the same entity.",
    ),
    reserved=_reserved,
    too_many=partial(ConstraintViolationException, quotas.TAGS.reason, quotas.TAGS.text),
    most=quotas.TAGS.most,
)


def given(request: Request) -> dict[str, str]:
    """The tags of something new, checked."""
    return _RULES.merged({}, _RULES.given(request))


async def arn_of(call: OrganizationsCall, organization: Organization, resource: str) -> str:
    """The ARN of what a ResourceId names; "" where there is no such thing."""
    if not resource.startswith(("p-", "rp-", "rt-")):
        found = await tree.find(call, organization, resource)
        return identifiers.arn_of(call.cloud, organization, resource) if found else ""
    policy = await policy_types.find(call, organization, resource)
    if policy is None:
        return ""
    return identifiers.policy_arn(call.cloud, organization, policy.type, policy.id)


async def _named(call: OrganizationsCall, request: Request) -> str:
    organization = await membership.require_management(call)
    arn = await arn_of(call, organization, request["ResourceId"])
    if not arn:
        raise TargetNotFoundException
    return arn


async def _changed(call: OrganizationsCall, request: Request) -> str:
    arn = await _named(call, request)
    if policy_types.is_published(request["ResourceId"]):
        raise InvalidInputException(
            "TARGET_NOT_SUPPORTED",
            "You can't perform the specified operation on that target entity.",
        )
    if any(key.lower().startswith("aws:") for key in request.get("TagKeys", ())):
        raise _reserved()
    return arn


def _told(call: OrganizationsCall, request: Request, tags: Mapping[str, str]) -> Request:
    shown, more = listings.page(call, request, list(tags.items()))
    return {"Tags": [{"Key": key, "Value": value} for key, value in shown], **more}


tag_resource, untag_resource, list_tags_for_resource = tag_operations(
    ("TagResource", "UntagResource", "ListTagsForResource"),
    _RULES,
    _told,
    locate=_named,
    change=_changed,
)
