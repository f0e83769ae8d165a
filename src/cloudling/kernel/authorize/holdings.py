"""What IAM holds about a principal: its policies, its limits and its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.kernel.authorize.decisions import NamedPolicy
    from cloudling.kernel.authorize.documents import Statement

    Candidate = tuple[NamedPolicy, Statement]
    Candidates = tuple[tuple[Candidate, ...], tuple[Candidate, ...]]

_REMEMBERED_ACTIONS = 512


def candidates(
    policies: Iterable[NamedPolicy], action: str, *, allows: bool
) -> tuple[Candidate, ...]:
    """The statements of one effect that speak of an action."""
    return tuple(
        (named, statement)
        for named in policies
        for statement in named.policy.relevant(action)[allows]
    )


class PrincipalPolicies(msgspec.Struct, frozen=True):
    """The principal's policies, and its tags with its session's over them.

    `session` is None where no session policy was given; an empty one allows nothing. `likely` is
    the allowing statement of `identity` that applied when an action was last asked for.
    """

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    session: tuple[NamedPolicy, ...] | None = None
    tags: Mapping[str, str] = {}
    remembered: dict[str, Candidates] = {}
    likely: dict[str, Statement] = {}

    def candidates(self, action: str) -> Candidates:
        """The identity policies' statements that speak of an action: denies, then allows."""
        return self.remembered.get(action) or self._gather(action)

    def _gather(self, action: str) -> Candidates:
        if len(self.remembered) >= _REMEMBERED_ACTIONS:
            self.remembered.clear()
            self.likely.clear()
        found = self.remembered[action] = (
            candidates(self.identity, action, allows=False),
            candidates(self.identity, action, allows=True),
        )
        return found
