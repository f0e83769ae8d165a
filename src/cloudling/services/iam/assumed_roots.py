"""STS: doing one of five tasks as the root of a member account of one's organization.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, operation
from cloudling.kernel.identities import Session
from cloudling.services.iam import issuing, organization_features
from cloudling.services.iam.credentials import root_of
from cloudling.services.iam.errors import ValidationError

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
TASKS = (
    "IAMAuditRootUserCredentials",
    "IAMCreateRootUserPassword",
    "IAMDeleteRootUserCredentials",
    "S3UnlockBucketPolicy",
    "SQSUnlockQueuePolicy",
)
_SECONDS = 900
_TARGET = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(:root)?")


@operation("AssumeRoot")
async def assume_root(call: IamCall, request: Request) -> Request:
    account, task = target(request), request["TaskPolicyArn"].get("arn", "")
    name = task.rpartition("/")[2]
    known = arns.iam("aws", "policy", "/root-task/", name, call.partition)
    if name not in TASKS or task != known:
        raise ValidationError(f"Policy {task} does not exist or is not attachable.")
    if call.identity.kind == "root" or not await organization_features.reaches(call, account):
        raise issuing.denied(call, "sts:AssumeRoot", arns.account_root(account, call.partition))
    now, own = call.clock.now(), call.identity.session
    session = Session(
        name="",
        issued_at=now,
        expires_at=float(int(now) + request.get("DurationSeconds", _SECONDS)),
        policy_arns=(task,),
        source_identity=own.source_identity if own else "",
        assumed_root=True,
    )
    answer = issuing.issue(call, root_of(account), session, request)
    return answer | ({"SourceIdentity": session.source_identity} if session.source_identity else {})


def target(request: Request) -> str:
    """The account whose root is meant, by its id or its root's ARN."""
    named = request["TargetPrincipal"]
    found = _TARGET.fullmatch(named)
    if found is None or named.startswith("arn:") is not bool(found[2]):
        raise ValidationError(f"{named} is invalid")
    return found[1]
