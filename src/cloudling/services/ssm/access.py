"""What Systems Manager's operations ask of policies, where the request's members do not say it.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import Need, access
from cloudling.services.ssm import names

if TYPE_CHECKING:
    from cloudling.services.ssm.call import SsmCall

Request = dict[str, Any]


@access(
    "DeleteParameter",
    "GetParameter",
    "GetParameterHistory",
    "LabelParameterVersion",
    "PutParameter",
    "UnlabelParameterVersion",
)
async def on_one(call: SsmCall, request: Request) -> list[Need]:
    return [_need(call, request["Name"])]


@access("DeleteParameters", "GetParameters")
async def on_each(call: SsmCall, request: Request) -> list[Need]:
    needs = (_need(call, each) for each in request["Names"])
    return list({need.resource: need for need in needs}.values())


@access("GetParametersByPath")
async def on_path(call: SsmCall, request: Request) -> list[Need]:
    """Whoever may read a hierarchy may read all levels of it."""
    path = names.read_path(request["Path"])
    recursive = str(bool(request.get("Recursive"))).lower()
    arn = names.path_arn(call, path)
    return [Need("ssm:GetParametersByPath", arn, context={"ssm:Recursive": recursive})]


def _need(call: SsmCall, text: str) -> Need:
    named = names.read(call, text)
    return Need(f"ssm:{call.operation.name}", named.arn(call), account=named.account)
