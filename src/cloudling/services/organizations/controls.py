"""What binds an account from above, gathered once and kept until anything of it changes.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize import NO_CONTROLS, Controls, NamedPolicy, parse
from cloudling.kernel.handles import handle
from cloudling.kernel.units import run_unit
from cloudling.services.organizations import attachments, identifiers, policies, policy_types, tree
from cloudling.services.organizations.call import OrganizationsCall

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.collections import Declared
    from cloudling.services.organizations.records import Organization, Policy

    Levels = tuple[tuple[NamedPolicy, ...], ...]

_READ: tuple[Declared[Any], ...] = (
    OrganizationsCall.organizations,
    OrganizationsCall.units,
    OrganizationsCall.accounts,
    OrganizationsCall.policies,
    OrganizationsCall.attachments,
)
_MOST_REMEMBERED = 10_000


class AccountControls:
    """The `Organizations` port."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[str, Controls] = {}
        self._closed: frozenset[str] | None = None
        for declared in _READ:
            cloud.store.table(declared.spec).watchers.append(self._forget)

    def controls(self, account: str) -> Controls:
        """See the port."""
        found = self._known.get(account)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[account] = run_unit(_gather(self._call(), account))
        return found

    def is_closed(self, account: str) -> bool:
        """See the port."""
        if self._closed is None:
            self._closed = run_unit(_closed(self._call()))
        return account in self._closed

    def _call(self) -> OrganizationsCall:
        call: OrganizationsCall = handle(self._cloud, "organizations")
        return call

    def _forget(self, _: bytes | None) -> None:
        self._known.clear()
        self._closed = None


async def _closed(call: OrganizationsCall) -> frozenset[str]:
    states = ("PENDING_CLOSURE", "SUSPENDED")
    return frozenset({
        account.id for status in states for account in await call.accounts.find(status=status)
    })  # fmt: skip


async def _gather(call: OrganizationsCall, account: str) -> Controls:
    member = await call.accounts.get(account)
    organization = await call.organizations.get(member.organization) if member else None
    if organization is None:
        return NO_CONTROLS
    path = await tree.path_to(call, organization, account)
    written = tree.written(organization, path[:-1])
    if account == organization.management:
        return Controls(organization=organization.id, path=written, management=True)
    return Controls(
        organization=organization.id,
        path=written,
        service=await _levels(call, organization, path, policy_types.SERVICE),
        resource=await _levels(call, organization, path, policy_types.RESOURCE),
    )


async def _levels(
    call: OrganizationsCall, organization: Organization, path: tuple[str, ...], kind: str
) -> Levels:
    """The policies of a type at each level of the path; none where the type is off."""
    if kind not in organization.enabled:
        return ()
    return tuple([await _at(call, organization, target, kind) for target in path])


async def _at(
    call: OrganizationsCall, organization: Organization, target: str, kind: str
) -> tuple[NamedPolicy, ...]:
    found = [
        await policies.require(call, organization, attachment.policy)
        for attachment in await attachments.of(call, target, kind)
    ]
    return tuple(_named(call, organization, policy) for policy in found)


def _named(call: OrganizationsCall, organization: Organization, policy: Policy) -> NamedPolicy:
    arn = identifiers.policy_arn(call.cloud, organization, policy.type, policy.id)
    compiled = parse(policy.content, policies.GRAMMARS[policy.type])
    return NamedPolicy(policy.name, arn, compiled)
