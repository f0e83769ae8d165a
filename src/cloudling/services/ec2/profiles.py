"""Instance profiles as EC2 meets them: who launches an instance hands over the profile's role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import AwsError, arns, pass_role
from cloudling.kernel.stages.authorize import require
from cloudling.services.ec2.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloudling.kernel import Call, Need

SERVICE = "ec2.amazonaws.com"
_ABSENT = frozenset({"NoSuchEntity", "NotImplemented", "ValidationError"})


class Profile(NamedTuple):
    """What a request names: its ARN, its role's ARN ("" without one), and what is wrong with it.

    `id` is its unique id.
    """

    arn: str
    role: str = ""
    fault: str = ""
    id: str = ""


async def find(call: Call, given: dict[str, Any] | None) -> Profile | None:
    """The profile that a request names by `Name` or `Arn`; None where it names none."""
    if not given or not (given.get("Arn") or given.get("Name")):
        return None
    told = given.get("Arn") or given["Name"]
    name = told.rpartition("/")[2]
    found = await _read(call, name)
    if found is None or ("Arn" in given and found["Arn"] != told):
        member, words = ("arn", "ARN") if "Arn" in given else ("name", "name")
        fault = (
            f"Value ({told}) for parameter iamInstanceProfile.{member} is invalid. "
            f"Invalid IAM Instance Profile {words}"
        )
        guess = arns.iam(call.account, "instance-profile", "/", name, call.partition)
        return Profile(told if "Arn" in given else guess, fault=fault)
    if not found["Roles"]:
        fault = f'IAM Instance Profile "{found["Arn"]}" has no associated IAM Roles'
        return Profile(found["Arn"], fault=fault)
    return Profile(found["Arn"], found["Roles"][0]["Arn"], id=found["InstanceProfileId"])


async def settle(call: Call, needs: Sequence[Need], profile: Profile | None) -> Sequence[Need]:
    """The needs, and PassRole; of a profile that cannot be used only those hear who may call."""
    if profile is None:
        return needs
    if profile.fault:
        for need in needs:
            await require(call, need)
        raise InvalidParameterValue(profile.fault)
    return [*needs, pass_role(call, profile.role, SERVICE)]


async def _read(call: Call, name: str) -> dict[str, Any] | None:
    """EC2 looks the profile up itself, whatever the caller may see of IAM."""
    iam = call.aws.as_service(SERVICE, call.account).iam
    try:
        found = await iam.get_instance_profile(InstanceProfileName=name)
    except AwsError as refused:
        if refused.error_code in _ABSENT:
            return None
        raise
    profile: dict[str, Any] = found["InstanceProfile"]
    return profile
