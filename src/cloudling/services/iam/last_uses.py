"""When access keys and roles were used last: told by the records of calls, never on their path.

As AWS does, of the uses within a quarter of an hour only the first is kept; so a key that is used
all the time costs four writes an hour.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cloudling.kernel import endpoints
from cloudling.kernel.units import run_unit
from cloudling.services.iam.call import IamCall
from cloudling.services.iam.records import LastUse

if TYPE_CHECKING:
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.identities import Identity
    from cloudling.kernel.recording import CallRecord

SPAN = 900.0
_MOST_REMEMBERED = 10_000


class LastUses:
    """Takes call records in batches and keeps the newest use of each credential."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._table = cloud.store.table(IamCall.last_uses.spec)
        self._table.watchers.append(self._changed)
        self._uses = self._table.bind("", "")
        self._keys = cloud.store.table(IamCall.access_keys.spec).bind("", "")
        self._roles = cloud.store.table(IamCall.roles.spec)
        self._known: dict[str, float] = {}
        self._fresh: dict[str, LastUse] = {}

    def take(self, records: list[CallRecord]) -> None:
        """See the port `RecordSink`."""
        newest = {record.identity.access_key_id: record for record in records}
        for record in newest.values():
            subject = _subject(record.identity)
            if subject and record.at - self._known.get(subject, 0.0) >= SPAN:
                run_unit(self._note(subject, record))
        if not self._fresh:
            return
        if self._cloud.store.unit().active:
            # An operation that asks has handed the records over; its own unit is not for these.
            asyncio.get_running_loop().call_soon(self._write)
        else:
            self._write()

    async def _note(self, subject: str, record: CallRecord) -> None:
        if not await self._exists(record.identity):
            return
        stored = self._fresh.get(subject) or await self._uses.get(subject)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        if stored and record.at - stored.at < SPAN:
            self._known[subject] = stored.at
            return
        self._known[subject] = record.at
        region = endpoints.region_of(record.service, record.region)
        self._fresh[subject] = LastUse(
            subject=subject, at=record.at, region=region, service=record.service
        )

    async def _exists(self, identity: Identity) -> bool:
        """Neither the well-known keys are kept nor what has been deleted since."""
        if identity.kind != "role":
            return await self._keys.get(identity.access_key_id) is not None
        role = await self._roles.bind(identity.account, "").get(identity.name.lower())
        return role is not None and role.id == _subject(identity)

    def _write(self) -> None:
        fresh, self._fresh = self._fresh, {}
        with self._cloud.store.unit():
            for use in fresh.values():
                run_unit(self._uses.put(use))

    def _changed(self, key: bytes | None) -> None:
        if key is None:
            self._known.clear()

    async def find(self, subject: str) -> LastUse | None:
        """The newest use of an access key by its id, or of a role by its unique id."""
        self._cloud.recorder.flush()
        return self._fresh.get(subject) or await self._uses.get(subject)

    async def forget(self, subject: str) -> None:
        """The credential is no more."""
        self._cloud.recorder.flush()
        self._known.pop(subject, None)
        self._fresh.pop(subject, None)
        await self._uses.delete(subject)


def _subject(identity: Identity) -> str:
    """The id of the long-term key, or of the role; "" for all other credentials."""
    if identity.kind == "role":
        return identity.unique_id.partition(":")[0]
    return "" if identity.session else identity.access_key_id
