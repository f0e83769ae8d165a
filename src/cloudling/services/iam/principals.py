"""The policies that bound a principal, gathered once and kept until any of them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.kernel.authorize import NamedPolicy, PrincipalPolicies, parse
from cloudling.models import managed_policies
from cloudling.services.iam.call import IamCall

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.identities import Identity

_TABLES = (
    IamCall.users,
    IamCall.roles,
    IamCall.memberships,
    IamCall.inline_policies,
    IamCall.policies,
    IamCall.policy_versions,
    IamCall.attachments,
)
_MOST_REMEMBERED = 10_000
_NOTHING = PrincipalPolicies(identity=(), boundary=None, session=None)


class Principals:
    """The `Authorizer` port: all policies of a user or of a role's session."""

    def __init__(self, cloud: Cloud) -> None:
        self._tables = {each.spec.name: cloud.store.table(each.spec) for each in _TABLES}
        self._known: dict[tuple[str, str], PrincipalPolicies] = {}
        self._seen = -1

    async def policies(self, identity: Identity) -> PrincipalPolicies:
        """See the port. The root of an account has none, and needs none."""
        if identity.kind not in {"user", "role"}:
            return _NOTHING
        changes = sum(table.changes for table in self._tables.values())
        if changes != self._seen or len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
            self._seen = changes
        place = identity.arn, identity.access_key_id
        found = self._known.get(place)
        if found is None:
            found = self._known[place] = await _Gathering(self._tables, identity).gather()
        return found


class _Gathering:
    """One principal's policies, read from the store."""

    def __init__(self, tables: dict[str, object], identity: Identity) -> None:
        bound = {name: table.bind(identity.account, "") for name, table in tables.items()}  # type: ignore[attr-defined]
        self._bound = bound
        self._identity = identity

    async def gather(self) -> PrincipalPolicies:
        identity = self._identity
        key = identity.name.lower()
        record = await self._bound["iam_users" if identity.kind == "user" else "iam_roles"].get(key)
        # A principal made again under the same name is another one: sessions of the old end here.
        if record is None or record.id != identity.unique_id.partition(":")[0]:
            return _NOTHING
        owners = [f"{identity.kind}/{key}"]
        if identity.kind == "user":
            memberships = await self._bound["iam_memberships"].page(key)
            owners += [f"group/{membership.group_key}" for membership in memberships]
        own: list[NamedPolicy] = []
        for owner in owners:
            own += await self._policies_of(owner)
        boundary = await self._managed(record.boundary) if record.boundary else None
        return PrincipalPolicies(tuple(own), boundary, await self._session())

    async def _policies_of(self, owner: str) -> list[NamedPolicy]:
        inline = await self._bound["iam_inline_policies"].page(owner)
        attached = await self._bound["iam_attachments"].page(owner)
        found = [NamedPolicy(each.name, "", parse(each.document, "identity")) for each in inline]
        managed = [await self._managed(each.policy) for each in attached]
        return found + [each for each in managed if each]

    async def _managed(self, arn: str) -> NamedPolicy | None:
        name = arn.rpartition("/")[2]
        if arn.startswith("arn:aws:iam::aws:"):
            published = managed_policies.find(arn)
            return (
                NamedPolicy(name, arn, parse(published.document, "identity")) if published else None
            )
        found = await self._bound["iam_policies"].find(arn=arn)
        if not found:
            return None
        version = await self._bound["iam_policy_versions"].get(arn, str(found[0].default_version))
        return NamedPolicy(name, arn, parse(version.document, "identity")) if version else None

    async def _session(self) -> tuple[NamedPolicy, ...] | None:
        session = self._identity.session
        if session is None or not (session.policies or session.policy_arns):
            return None
        inline = [NamedPolicy("", "", parse(text, "session")) for text in session.policies]
        managed = [await self._managed(arn) for arn in session.policy_arns]
        return (*inline, *(each for each in managed if each))
