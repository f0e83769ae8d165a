"""Where decisions are reported: the seam through which they are recorded and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel.authorize.messages import NO_RECEIPT, Receipt
from cloudling.kernel.errors import AccessDenied

if TYPE_CHECKING:
    from cloudling.kernel.access import Need
    from cloudling.kernel.authorize import Decision, PrincipalPolicies, Question
    from cloudling.kernel.call import Call


class Asked(msgspec.Struct, frozen=True):
    """One question that was decided, with all it was decided from.

    `decision` is None where the short way said yes. `trust` tells that `need.policy` is a role's
    trust policy; without a policy then, the role is not there.
    """

    call: Call
    need: Need
    question: Question
    policies: PrincipalPolicies
    decision: Decision | None
    trust: bool = False

    @property
    def called(self) -> str:
        """The prefix of the service that was called; the action may be another's (PassRole)."""
        return self.call.service.model_of(self.call.operation.name).signing_name


class Denied(AccessDenied):
    """A denial by policies, and what it was decided from."""

    code = "AccessDenied"

    def __init__(self, text: str, asked: Asked, receipt: Receipt = NO_RECEIPT) -> None:
        super().__init__(text)
        self.asked = asked
        self.receipt = receipt


class Decisions:
    """Hears of every decision; this one keeps nothing."""

    def refused(self, asked: Asked) -> Receipt:
        """A denial, enforced or (`iam` "observe") only observed; how it can be found again."""
        return NO_RECEIPT

    def allowed(self, asked: Asked) -> None:
        """A yes."""

    async def end(self) -> None:
        """The cloud ends; nothing is heard after."""


NO_DECISIONS = Decisions()
