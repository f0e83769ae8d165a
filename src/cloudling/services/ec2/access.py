"""What EC2's operations ask of policies: each resource that a request names or makes.

Resources that a request makes have no id yet: they are asked for as `instance/*`.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need, access
from cloudling.models import actions, loader
from cloudling.services.ec2 import conditions, facts, identifiers, launches, profiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.conditions import Context

Request = dict[str, Any]
_LAUNCHES = frozenset({"RunInstances"})
_TAGGING = frozenset({"CreateTags", "DeleteTags"})
_PROFILES = frozenset({"AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"})
_OTHERS = loader.load("ec2").operations.keys() - _LAUNCHES - _TAGGING - _PROFILES


@access(*sorted(_OTHERS))
async def on_named(call: Ec2Call, request: Request) -> Sequence[Need]:
    return await facts.told(call, _needs(call, await facts.named(call, request)))


@access(*_TAGGING)
async def on_tagged(call: Ec2Call, request: Request) -> Sequence[Need]:
    """The ids alone tell of what type the resources are."""
    context = conditions.of_tags(request.get("Tags"))
    found = [(each, identifiers.kind_of(each)) for each in request.get("Resources") or ()]
    needs = [conditions.need(call, kind, each, context) for each, kind in found if kind]
    if len(needs) != len(found) or not found:
        needs.append(_need_of_nothing(call, context))
    return await facts.told(call, needs)


@access(*_PROFILES)
async def on_profile(call: Ec2Call, request: Request) -> Sequence[Need]:
    profile = await profiles.find(call, request.get("IamInstanceProfile"))
    context: Context = {"ec2:NewInstanceProfile": profile.arn} if profile else {}
    needs = await facts.told(call, _needs(call, request, context))
    return await profiles.settle(call, needs, profile)


@access(*_LAUNCHES)
async def on_launch(call: Ec2Call, request: Request) -> Sequence[Need]:
    profile = await profiles.find(call, request.get("IamInstanceProfile"))
    needs = await facts.told(call, launches.needs(call, request, profile.arn if profile else ""))
    return await profiles.settle(call, needs, profile)


def _needs(call: Ec2Call, request: Request, context: Context | None = None) -> list[Need]:
    action = actions.load("ec2").actions.get(call.operation.name)
    more = context or {}
    found: list[Need] = []
    for kind in action.resources if action else ():
        named = identifiers.named(kind, request)
        found += [conditions.need(call, kind, each, more) for each in named]
        if not named and action and kind in action.required_resources:
            new = conditions.of_new(kind, request) | more
            found.append(conditions.need_of_new(call, kind, new))
    found = found or [_need_of_nothing(call, more)]
    return found + conditions.tagging(call, request)


def _need_of_nothing(call: Ec2Call, context: Context) -> Need:
    """What is asked where the reference, or the request, names no resource."""
    return Need(f"ec2:{call.operation.name}", context=conditions.of_call(call) | context)
