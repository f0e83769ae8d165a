"""The policies that bound a principal, gathered once and kept until any of them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel import tags
from cloudling.kernel.authorize import NamedPolicy, PrincipalPolicies, parse
from cloudling.services.iam.call import IamCall
from cloudling.services.iam.holdings import Holdings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.collections import Declared
    from cloudling.kernel.identities import Identity
    from cloudling.services.iam.holdings import Held
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
_NOTHING = PrincipalPolicies()
_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_EVERYTHING = NamedPolicy("", "", parse(_ALL, "identity"))
# A service of AWS's at work inside an account, such as one that makes a role in a new account.
_ON_BEHALF = PrincipalPolicies((_EVERYTHING,))


class Principals:
    """The `Authorizer` port: all policies of a user or of a role's session."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[tuple[str, str], PrincipalPolicies] = {}
        for declared in _READ:
            cloud.store.table(declared.spec).watchers.append(self._forget)
        cloud.store.table(tags.SPEC).watchers.append(self._forget_tags)

    def known(self, identity: Identity) -> PrincipalPolicies | None:
        """See the port."""
        return self._known.get((identity.arn, identity.access_key_id))

    async def policies(self, identity: Identity) -> PrincipalPolicies:
        """See the port. The root of an account has none but its session's, and needs none."""
        if identity.kind == "service" and identity.account:
            return _ON_BEHALF
        if identity.kind not in {"user", "role"} and identity.session is None:
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


class _Source(NamedTuple):
    """Whose policies a principal has: its own or, federated, those of whoever vouches for it."""

    kind: str
    name: str
    id: str
    arn: str

    @classmethod
    def of(cls, identity: Identity) -> _Source:
        if identity.session is None or not identity.session.issuer:
            own_id = identity.unique_id.partition(":")[0]
            return cls(identity.kind, identity.name, own_id, identity.principal_arn)
        arn, unique_id = identity.session.issuer
        kind = "root" if arn.endswith(":root") else "user"
        return cls(kind, arn.rpartition("/")[2], unique_id, arn)


class _Gathering:
    """One principal's policies and tags, read from the store."""

    def __init__(self, cloud: Cloud, identity: Identity) -> None:
        self._cloud = cloud
        self._identity = identity
        self._source = _Source.of(identity)
        account, table = identity.account, cloud.store.table
        self._users = table(IamCall.users.spec).bind(account, "")
        self._roles = table(IamCall.roles.spec).bind(account, "")
        self._holdings = Holdings(cloud, account)

    async def gather(self) -> PrincipalPolicies:
        source = self._source
        session, tags = await self._session(), await self._tags()
        if source.kind == "root":
            return PrincipalPolicies((_EVERYTHING,), None, session, tags)
        record = await self._record()
        # A principal made again under the same name is another one: sessions of the old end here.
        if record is None or record.id != source.id:
            return _NOTHING
        own = [_named(held) for held in await self._holdings.all_of(source.kind, record.key)]
        boundary = await self._managed(record.boundary) if record.boundary else None
        return PrincipalPolicies(tuple(own), boundary, session, tags)

    async def _record(self) -> User | Role | None:
        key = self._source.name.lower()
        if self._source.kind == "user":
            return await self._users.get(key)
        return await self._roles.get(key)

    async def _managed(self, arn: str) -> NamedPolicy | None:
        held = await self._holdings.managed(arn)
        return _named(held) if held else None

    async def _session(self) -> tuple[NamedPolicy, ...] | None:
        session = self._identity.session
        if session is None:
            return None
        if not (session.policies or session.policy_arns or self._identity.kind == "federated"):
            return None
        inline = [NamedPolicy("", "", parse(text, "session")) for text in session.policies]
        managed = [await self._managed(arn) for arn in session.policy_arns]
        # The policies of root's tasks only deny.
        allowing = (_EVERYTHING,) if session.assumed_root else ()
        return (*allowing, *inline, *(each for each in managed if each))

    async def _tags(self) -> Mapping[str, str]:
        """The principal's tags, and its session's over them, whatever the case of their keys."""
        own = await self._cloud.tags.of(self._source.arn)
        session = self._identity.session
        over = session.tags if session else {}
        taken = {key.lower() for key in over}
        return {key: value for key, value in own.items() if key.lower() not in taken} | over


def _named(held: Held) -> NamedPolicy:
    return NamedPolicy(held.name, held.arn, parse(held.document, "identity"))
