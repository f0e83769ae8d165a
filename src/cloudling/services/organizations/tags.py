"""Tags of accounts, units, roots and policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.organizations import (
    identifiers,
    listings,
    membership,
    policy_types,
    quotas,
    tree,
)
from cloudling.services.organizations.errors import InvalidInputException, TargetNotFoundException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.services.organizations.call import OrganizationsCall
    from cloudling.services.organizations.records import Organization

Request = dict[str, Any]


def given(request: Request) -> dict[str, str]:
    """The request's tags, checked."""
    tags = request.get("Tags", ())
    _refuse_reserved(tag["Key"] for tag in tags)
    found = {tag["Key"]: tag["Value"] for tag in tags}
    if len(found) < len(tags):
        raise InvalidInputException(
            "DUPLICATE_TAG_KEY",
            "Tag keys must be unique among the tags attached to the same entity.",
        )
    quotas.TAGS.require(len(found))
    return found


def _refuse_reserved(keys: Iterable[str]) -> None:
    if any(key.lower().startswith("aws:") for key in keys):
        raise InvalidInputException(
            "INVALID_SYSTEM_TAGS_PARAMETER",
            "You specified a tag key that is a system tag. You can't add, edit, or delete system "
            "tag keys because they're reserved for AWS use. System tags don't count against your "
            "tags per resource limit.",
        )


async def arn_of(call: OrganizationsCall, organization: Organization, resource: str) -> str:
    """The ARN of what a ResourceId names; "" where there is no such thing."""
    if not resource.startswith(("p-", "rp-", "rt-")):
        found = await tree.find(call, organization, resource)
        return identifiers.arn_of(call.cloud, organization, resource) if found else ""
    policy = policy_types.find_published(resource, organization) or await call.policies.get(
        resource
    )
    if policy is None or policy.organization not in {"", organization.id}:
        return ""
    return identifiers.policy_arn(call.cloud, organization, policy.type, policy.id)


async def _require(call: OrganizationsCall, resource: str) -> str:
    organization = await membership.require_management(call)
    arn = await arn_of(call, organization, resource)
    if not arn:
        raise TargetNotFoundException
    return arn


async def _require_changeable(call: OrganizationsCall, resource: str) -> str:
    arn = await _require(call, resource)
    if any(resource == each.id for each in policy_types.PUBLISHED.values()):
        raise InvalidInputException(
            "TARGET_NOT_SUPPORTED",
            "You can't perform the specified operation on that target entity.",
        )
    return arn


@operation("TagResource")
async def tag_resource(call: OrganizationsCall, request: Request) -> Request:
    arn = await _require_changeable(call, request["ResourceId"])
    tags = await call.tags.of(arn) | given(request)
    quotas.TAGS.require(len(tags))
    await call.tags.replace(arn, tags)
    return {}


@operation("UntagResource")
async def untag_resource(call: OrganizationsCall, request: Request) -> Request:
    arn = await _require_changeable(call, request["ResourceId"])
    _refuse_reserved(request["TagKeys"])
    await call.tags.remove(arn, request["TagKeys"])
    return {}


@operation("ListTagsForResource")
async def list_tags_for_resource(call: OrganizationsCall, request: Request) -> Request:
    tags = await call.tags.of(await _require(call, request["ResourceId"]))
    shown, more = listings.page(call, request, list(tags.items()))
    return {"Tags": [{"Key": key, "Value": value} for key, value in shown], **more}
