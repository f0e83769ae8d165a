"""How much an organization may hold: AWS's default quotas.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""

from __future__ import annotations

from typing import NamedTuple

from cloudling.services.organizations.errors import ConstraintViolationException


class Quota(NamedTuple):
    """The most there may be of something, and how Organizations refuses one more."""

    most: int
    reason: str
    text: str

    def require_room(self, used: int) -> None:
        """Raise where one more than `used` would be too many."""
        self.require(used + 1)

    def require(self, count: int) -> None:
        """Raise where `count` itself is too large."""
        if count > self.most:
            raise ConstraintViolationException(self.reason, self.text)


ACCOUNTS = Quota(
    10,
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED",
    "You have exceeded the allowed number of AWS accounts.",
)
CREATIONS_AT_A_TIME = Quota(
    5,
    "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED",
    "You have exceeded the number of accounts that can be in progress at a time.",
)
UNITS = Quota(
    2000, "OU_NUMBER_LIMIT_EXCEEDED", "You have exceeded the number of OUs in an organization."
)
UNIT_DEPTH = Quota(
    5, "OU_DEPTH_LIMIT_EXCEEDED", "You attempted to create an OU tree that is too many levels deep."
)
TAGS = Quota(
    50, "MAX_TAG_LIMIT_EXCEEDED", "You have exceeded the number of tags allowed on this resource."
)
_NUMBER = "You have exceeded the number of policies that you can have in an organization."
_SIZE = "You have exceeded the maximum policy size."
_ATTACHED = "You have attached the maximum number of policies to the specified target."
POLICIES = {
    "SERVICE_CONTROL_POLICY": Quota(10_000, "POLICY_NUMBER_LIMIT_EXCEEDED", _NUMBER),
    "RESOURCE_CONTROL_POLICY": Quota(1000, "POLICY_NUMBER_LIMIT_EXCEEDED", _NUMBER),
}
# SCPs: doubled in May 2026.
POLICY_SIZE = {
    "SERVICE_CONTROL_POLICY": Quota(10_240, "POLICY_CONTENT_LIMIT_EXCEEDED", _SIZE),
    "RESOURCE_CONTROL_POLICY": Quota(5120, "POLICY_CONTENT_LIMIT_EXCEEDED", _SIZE),
}
ATTACHED = {
    "SERVICE_CONTROL_POLICY": Quota(10, "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", _ATTACHED),
    "RESOURCE_CONTROL_POLICY": Quota(5, "MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", _ATTACHED),
}
# A created account stays at least so long before it may leave.
STAY_SECONDS = 4 * 86_400.0
