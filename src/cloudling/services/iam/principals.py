"""The policies that bound a principal, gathered once and kept until any of them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, tags
from cloudling.kernel.authorize import NamedPolicy, PrincipalPolicies, parse
from cloudling.models import managed_policies
from cloudling.services.iam.call import IamCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.collections import Declared
    from cloudling.kernel.identities import Identity
    from cloudling.services.iam.records import Role, User

_READ: tuple[Declared[Any], ...] = (
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
_EVERYTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
# A service of AWS's at work inside an account, such as one that makes a role in a new account.
_ON_BEHALF = PrincipalPolicies((NamedPolicy("", "", parse(_EVERYTHING, "identity")),))


class Principals:
    """The `Authorizer` port: all policies of a user or of a role's session."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[tuple[str, str], PrincipalPolicies] = {}
        for declared in _READ:
            cloud.store.table(declared.spec).watchers.append(self._forget)
        cloud.store.table(tags.SPEC).watchers.append(self._forget_tags)

    async def policies(self, identity: Identity) -> PrincipalPolicies:
        """See the port. The root of an account has none, and needs none."""
        if identity.kind == "service" and identity.account:
            return _ON_BEHALF
        if identity.kind not in {"user", "role"}:
            return _NOTHING
        place = identity.arn, identity.access_key_id
        found = self._known.get(place)
        if found is None:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            found = self._known[place] = await _Gathering(self._cloud, identity).gather()
        return found

    def _forget(self, _: bytes | None) -> None:
        self._known.clear()

    def _forget_tags(self, arn: bytes | None) -> None:
        """Tags of buckets and the like are no principal's."""
        if arn is None or b":iam:" in arn:
            self._known.clear()


class _Gathering:
    """One principal's policies and tags, read from the store."""

    def __init__(self, cloud: Cloud, identity: Identity) -> None:
        self._cloud = cloud
        self._identity = identity
        account, table = identity.account, cloud.store.table
        self._users = table(IamCall.users.spec).bind(account, "")
        self._roles = table(IamCall.roles.spec).bind(account, "")
        self._memberships = table(IamCall.memberships.spec).bind(account, "")
        self._inline = table(IamCall.inline_policies.spec).bind(account, "")
        self._attachments = table(IamCall.attachments.spec).bind(account, "")
        self._policies = table(IamCall.policies.spec).bind(account, "")
        self._versions = table(IamCall.policy_versions.spec).bind(account, "")

    async def gather(self) -> PrincipalPolicies:
        identity = self._identity
        record = await self._record()
        # A principal made again under the same name is another one: sessions of the old end here.
        if record is None or record.id != identity.unique_id.partition(":")[0]:
            return _NOTHING
        owners = [f"{identity.kind}/{record.key}"]
        if identity.kind == "user":
            memberships = await self._memberships.page(record.key, limit=None)
            owners += [f"group/{membership.group_key}" for membership in memberships]
        own: list[NamedPolicy] = []
        for owner in owners:
            own += await self._policies_of(owner)
        boundary = await self._managed(record.boundary) if record.boundary else None
        return PrincipalPolicies(tuple(own), boundary, await self._session(), await self._tags())

    async def _record(self) -> User | Role | None:
        key = self._identity.name.lower()
        if self._identity.kind == "user":
            return await self._users.get(key)
        return await self._roles.get(key)

    async def _policies_of(self, owner: str) -> list[NamedPolicy]:
        inline = await self._inline.page(owner, limit=None)
        attached = await self._attachments.page(owner, limit=None)
        found = [NamedPolicy(each.name, "", parse(each.document, "identity")) for each in inline]
        managed = [await self._managed(each.policy) for each in attached]
        return found + [each for each in managed if each]

    async def _managed(self, arn: str) -> NamedPolicy | None:
        name = arn.rpartition("/")[2]
        if arns.arn_account(arn) == "aws":
            published = managed_policies.find(arn)
            text = published.document if published else ""
            return NamedPolicy(name, arn, parse(text, "identity")) if text else None
        found = await self._policies.find(arn=arn)
        if not found:
            return None
        version = await self._versions.get(arn, str(found[0].default_version))
        return NamedPolicy(name, arn, parse(version.document, "identity")) if version else None

    async def _session(self) -> tuple[NamedPolicy, ...] | None:
        session = self._identity.session
        if session is None or not (session.policies or session.policy_arns):
            return None
        inline = [NamedPolicy("", "", parse(text, "session")) for text in session.policies]
        managed = [await self._managed(arn) for arn in session.policy_arns]
        return (*inline, *(each for each in managed if each))

    async def _tags(self) -> Mapping[str, str]:
        """The principal's tags, and its session's over them, whatever the case of their keys."""
        own = await self._cloud.tags.of(self._identity.principal_arn)
        session = self._identity.session
        over = session.tags if session else {}
        taken = {key.lower() for key in over}
        return {key: value for key, value in own.items() if key.lower() not in taken} | over
