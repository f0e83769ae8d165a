"""What Organizations' operations ask of policies: whatever a request names, by its ARN.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need, access
from cloudling.models import actions, loader
from cloudling.services.organizations import membership, tags

if TYPE_CHECKING:
    from cloudling.services.organizations.call import OrganizationsCall

Request = dict[str, Any]
_NAMING = (
    "PolicyId", "TargetId", "AccountId", "OrganizationalUnitId", "ParentId", "RootId", "ChildId",
    "ResourceId", "SourceParentId", "DestinationParentId",
)  # fmt: skip
_PREFIX = "organizations"


@access(*loader.load(_PREFIX).operations)
async def on_what_is_named(call: OrganizationsCall, request: Request) -> list[Need]:
    """One need for each thing that the request names, and to tag what it makes."""
    name = call.operation.name
    asked = await _asked(call, request)
    found = await _arns(call, request) if actions.load(_PREFIX).actions[name].resources else []
    needs = [Need(f"{_PREFIX}:{name}", arn, context=asked) for arn in found or ["*"]]
    if request.get("Tags") and name != "TagResource":
        needs.append(Need(f"{_PREFIX}:TagResource", context=asked))
    return needs


async def _arns(call: OrganizationsCall, request: Request) -> list[str]:
    """Nothing outside an organization, and nothing that is not there, has an ARN."""
    organization = await membership.find(call)
    if organization is None:
        return []
    named = (request.get(member) for member in _NAMING)
    found = [await tags.arn_of(call, organization, str(each)) for each in named if each]
    return [arn for arn in found if arn]


async def _asked(call: OrganizationsCall, request: Request) -> dict[str, str]:
    """The type of policies that is asked for, or that of the policy that is named."""
    for member in ("PolicyType", "Type", "Filter"):
        if isinstance(request.get(member), str):
            return {"organizations:PolicyType": request[member]}
    named = str(request.get("PolicyId") or request.get("ResourceId") or "")
    organization = await membership.find(call)
    if organization is None or not named.startswith("p-"):
        return {}
    # `…:policy/o-…/service_control_policy/p-…`
    arn = await tags.arn_of(call, organization, named)
    return {"organizations:PolicyType": arn.split("/")[-2].upper()} if arn else {}
