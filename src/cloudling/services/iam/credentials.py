"""Looking up who signed: long-term keys from their records, temporary ones from their token.

A session token is sealed: it holds the secret, the identity and the session, so that issuing one
writes nothing and a changed bit opens nothing. It ends where its session does, whatever becomes of
the key that asked for it; what it may do is weighed anew at each call.
"""

from __future__ import annotations

import base64
import secrets
import zlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from cloudling.kernel import arns
from cloudling.kernel.identities import Identity, Session
from cloudling.kernel.ids import access_key_id
from cloudling.kernel.ports import BadToken, Credential
from cloudling.kernel.sealing import OVERHEAD, Broken, Seal
from cloudling.services.iam.call import IamCall
from cloudling.services.iam.last_uses import LastUses

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud
    from cloudling.services.iam.records import AccessKey

LONGEST_TOKEN = 4096
_MOST_REMEMBERED = 10_000
WELL_KNOWN_SECRET = "test"  # noqa: S105 - everybody knows it; see the page on security


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """What a session token holds."""

    access_key_id: str
    secret: str
    identity: Identity


class Issued(NamedTuple):
    """New temporary credentials."""

    access_key_id: str
    secret: str
    token: str


class Sessions:
    """Issues temporary credentials and reads them back; IAM's half of STS."""

    def __init__(self, key: bytes) -> None:
        self._seal = Seal(key)
        self._decoder = msgspec.msgpack.Decoder(Sealed)
        self._opened: dict[str, Credential] = {}

    def issue(self, identity: Identity, session: Session, least: int = 0) -> Issued:
        """Credentials of a new session, whose token has `least` bytes or more."""
        key_id = access_key_id("ASIA", identity.account, secrets.randbits(35))
        secret = base64.b64encode(secrets.token_bytes(30)).decode()
        held = msgspec.structs.replace(identity, access_key_id=key_id, session=session)
        packed = zlib.compress(msgspec.msgpack.encode(Sealed(key_id, secret, held)))
        # Base64 makes four characters of three bytes. What follows the packed bytes is not read.
        plain = packed.ljust(-(-least // 4) * 3 - OVERHEAD, b"\0")
        return Issued(key_id, secret, base64.b64encode(self._seal.close(plain)).decode())

    def open(self, key_id: str, token: str) -> Credential:
        """The credential of a token; raises BadToken. Whether it has expired is not asked here."""
        known = self._opened.get(token)
        if known is None:
            known = self._unseal(token)
            if len(self._opened) >= _MOST_REMEMBERED:
                self._opened.clear()
            self._opened[token] = known
        if known.identity.access_key_id != key_id:
            raise BadToken
        return known

    def _unseal(self, token: str) -> Credential:
        try:
            packed = self._seal.open(base64.b64decode(token, validate=True))
            sealed = self._decoder.decode(zlib.decompressobj().decompress(packed))
        except (ValueError, Broken, zlib.error, msgspec.MsgspecError) as fault:
            raise BadToken from fault
        session = sealed.identity.session
        if session is None:
            raise BadToken
        return Credential(sealed.secret, sealed.identity, session.expires_at)


class KeyRing:
    """The `Credentials` port: every key of this cloud, and the well-known ones where they exist.

    With `development_keys`, `test` is the root of `default_account` and any twelve digits are the
    root of that account, all with the secret `test`.
    """

    def __init__(self, cloud: Cloud, *, development_keys: bool, default_account: str) -> None:
        self._cloud = cloud
        self._development_keys = development_keys
        self._default_account = default_account
        self._keys = cloud.store.table(IamCall.access_keys.spec).bind("", "")
        self._users = cloud.store.table(IamCall.users.spec)
        self.sessions = Sessions(cloud.store.secret("sessions"))
        self.last_uses = LastUses(cloud)
        cloud.recorder.sinks.append(self.last_uses)

    async def find(self, access_key_id: str, token: str) -> Credential | None:
        """See the port."""
        found = await self._find(access_key_id, token)
        if found is not None and self._cloud.organizations.is_closed(found.identity.account):
            return None
        return found

    async def _find(self, access_key_id: str, token: str) -> Credential | None:
        if token:
            return self.sessions.open(access_key_id, token)
        if self._development_keys and (account := self._well_known(access_key_id)):
            identity = root_of(account, access_key_id, well_known=True)
            return Credential(WELL_KNOWN_SECRET, identity)
        key = await self._keys.get(access_key_id)
        if key is None or not key.active:
            return None
        holder = await self._holder(key)
        return None if holder is None else Credential(key.secret, holder)

    def _well_known(self, key_id: str) -> str:
        if key_id == "test":
            return self._default_account
        return key_id if len(key_id) == 12 and key_id.isdecimal() and key_id.isascii() else ""

    async def _holder(self, key: AccessKey) -> Identity | None:
        if not key.user:
            return root_of(key.account, key.id)
        user = await self._users.bind(key.account, "").get(key.user)
        if user is None:
            return None
        arn = arns.iam(key.account, "user", user.path, user.name)
        return Identity(
            kind="user",
            account=key.account,
            arn=arn,
            principal_arn=arn,
            unique_id=user.id,
            name=user.name,
            access_key_id=key.id,
        )


def key_ring(call: IamCall) -> KeyRing:
    """The cloud's keys: IAM's own port, which its operations may know better than others do."""
    ring = call.cloud.credentials
    assert isinstance(ring, KeyRing)  # noqa: S101 - this service's own port
    return ring


def root_of(account: str, key_id: str = "", *, well_known: bool = False) -> Identity:
    """The root of an account."""
    arn = arns.account_root(account)
    return Identity(
        kind="root",
        account=account,
        arn=arn,
        principal_arn=arn,
        unique_id=account,
        access_key_id=key_id,
        well_known=well_known,
    )
