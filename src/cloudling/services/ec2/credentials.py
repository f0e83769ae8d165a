"""Credentials that an instance finds in its metadata: its role's, taken on by EC2 itself.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cloudling.kernel import AwsError
from cloudling.services.ec2 import profiles
from cloudling.services.ec2.metadata import RoleCredentials

if TYPE_CHECKING:
    from cloudling.services.ec2.call import Ec2Call
    from cloudling.services.ec2.instance_records import Instance, ProfileAssociation

_SECONDS = 6 * 3600
# New ones are there so long before the old ones end; AWS promises five minutes.
_BEFORE = 30 * 60.0
# So soon it is tried again where a role could not be taken on.
_RETRY = 60.0


class Lent(NamedTuple):
    """What a role gave, or None, and when it is to be asked again."""

    association: str
    given: RoleCredentials | None
    until: float


async def lend(
    call: Ec2Call, instance: Instance, association: ProfileAssociation, kept: Lent | None
) -> Lent:
    """The role's credentials for the instance: those that are kept, as long as they are fresh."""
    now = call.clock.now()
    if kept is not None and kept.association == association.id and now < kept.until:
        return kept
    given = await _mint(call, instance, association)
    until = now + _RETRY if given is None else given.expires_at - _BEFORE
    return Lent(association.id, given, until)


async def _mint(
    call: Ec2Call, instance: Instance, association: ProfileAssociation
) -> RoleCredentials | None:
    """None where the profile has no role by now, or one that does not trust EC2."""
    profile = await profiles.find(call, {"Arn": association.arn})
    if profile is None or not profile.role:
        return None
    sts = call.aws.as_service(profiles.SERVICE, call.account).sts
    try:
        found = await sts.assume_role(
            RoleArn=profile.role, RoleSessionName=instance.id, DurationSeconds=_SECONDS
        )
    except AwsError:
        return None
    credentials = found["Credentials"]
    return RoleCredentials(
        role=profile.role.rpartition("/")[2],
        access_key_id=credentials["AccessKeyId"],
        secret=credentials["SecretAccessKey"],
        token=credentials["SessionToken"],
        updated_at=call.clock.now(),
        expires_at=credentials["Expiration"],
    )
