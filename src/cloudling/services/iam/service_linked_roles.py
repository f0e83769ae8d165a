"""Service-linked roles: made by a service's name, changed by AWS alone, deleted by a task.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, operation
from cloudling.kernel.errors import NotImplementedHere
from cloudling.services.iam import quotas, roles
from cloudling.services.iam.errors import InvalidInput, NoSuchEntity
from cloudling.services.iam.linked_services import LINKED
from cloudling.services.iam.records import Attachment, LinkedRoleDeletion, Role

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.linked_services import LinkedService

Request = dict[str, Any]
PATH = "/aws-service-role/"


def name_of(request: Request) -> str:
    """The name of the role that a request would make."""
    linked = LINKED.get(request["AWSServiceName"])
    base = linked.role if linked else ""
    return f"{base}_{request['CustomSuffix']}" if "CustomSuffix" in request else base


@operation("CreateServiceLinkedRole")
async def create_service_linked_role(call: IamCall, request: Request) -> Request:
    linked, name = _linked(request), name_of(request)
    if await call.roles.get(name.lower()):
        raise InvalidInput(
            f"Service role name {name} has been taken in this account, please try a different "
            "suffix."
        )
    quotas.ROLES.require_room(await call.roles.count())
    now = call.clock.now()
    role = Role(
        key=name.lower(),
        name=name,
        path=f"{PATH}{linked.service}/",
        id=call.cloud.ids.unique_id("AROA", call.account),
        created=now,
        trust=_trust(linked.service),
        description=request.get("Description", ""),
        service=linked.service,
    )
    await call.roles.put(role)
    policy = arns.iam("aws", "policy", PATH, linked.policy, call.partition)
    await call.attachments.put(Attachment(owner=f"role/{role.key}", policy=policy, since=now))
    return {"Role": await roles.describe(call, role)}


def _linked(request: Request) -> LinkedService:
    service = request["AWSServiceName"]
    linked = LINKED.get(service)
    if linked is None:
        raise NotImplementedHere(f"The service-linked role of {service} is not in Cloudling yet.")
    if "CustomSuffix" in request and not linked.takes_suffix:
        raise InvalidInput(f"Custom suffix is not allowed for {service}")
    return linked


def _trust(service: str) -> str:
    statement = {
        "Action": ["sts:AssumeRole"],
        "Effect": "Allow",
        "Principal": {"Service": [service]},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


@operation("DeleteServiceLinkedRole")
async def delete_service_linked_role(call: IamCall, request: Request) -> Request:
    """AWS asks the service whether it still needs the role; here it is gone with the answer."""
    role = await roles.require(call, request["RoleName"])
    if not role.service:
        raise NoSuchEntity(f"The role with name {role.name} cannot be found.")
    task = f"task{PATH}{role.service}/{role.name}/{call.cloud.ids.request_id()}"
    for attachment in await call.attachments.page(f"role/{role.key}", limit=None):
        await call.attachments.delete(attachment.owner, attachment.policy)
    await roles.remove(call, role)
    await call.linked_role_deletions.put(LinkedRoleDeletion(task=task, at=call.clock.now()))
    return {"DeletionTaskId": task}


@operation("GetServiceLinkedRoleDeletionStatus")
async def get_service_linked_role_deletion_status(call: IamCall, request: Request) -> Request:
    task = request["DeletionTaskId"]
    if role_of(task) is None:
        raise InvalidInput(f"Deletion task id {task} is not valid.")
    if await call.linked_role_deletions.get(task) is None:
        raise NoSuchEntity(f"Deletion task {task} cannot be found.")
    return {"Status": "SUCCEEDED"}


def role_of(task: str) -> tuple[str, str] | None:
    """Path and name of the role that a deletion task is about; None where it is no task's id."""
    parts = task.split("/")
    if len(parts) != 5 or not task.startswith(f"task{PATH}"):
        return None
    return f"{PATH}{parts[2]}/", parts[3]
