"""Where decisions are reported: the seam through which they are recorded and explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

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


class Decisions:
    """Hears of every decision; this one keeps nothing."""

    def refused(self, asked: Asked) -> str:
        """A denial, observed or enforced; the answer is its authorization ID, "" for none."""
        return ""

    def allowed(self, asked: Asked) -> None:
        """A yes."""


NO_DECISIONS = Decisions()
