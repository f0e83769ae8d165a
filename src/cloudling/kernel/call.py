"""The handle an operation gets: who asks, where, when, and all that it may reach."""

from __future__ import annotations

import secrets
from copy import copy
from typing import TYPE_CHECKING, Any, Self

from cloudling.kernel import arns
from cloudling.kernel.access import Need
from cloudling.kernel.collections import Declared
from cloudling.kernel.events import Fact
from cloudling.kernel.stages.authorize import decide, require

if TYPE_CHECKING:
    import random  # noqa: TID251 - for its type only
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from cloudling.kernel.client import Client
    from cloudling.kernel.clock import Clock
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.identities import Identity
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.origins import Origin
    from cloudling.kernel.pages import Pages
    from cloudling.kernel.services import Service
    from cloudling.kernel.tags import Tags
    from cloudling.store.blobs import Blobs


class Call:
    """One call of one operation. Services derive from it and declare their collections.

    Its collections are bound to the call's `account` and `region`, so that no operation can forget
    its scope.
    """

    def __init__(
        self, cloud: Cloud, service: Service, operation: Operation, identity: Identity, region: str
    ) -> None:
        self.cloud = cloud
        self.service = service
        self.operation = operation
        self.identity = identity
        self.account = identity.account
        self.region = region
        self.origin: Origin
        self.request_id = ""

    @property
    def clock(self) -> Clock:
        return self.cloud.clock

    @property
    def random(self) -> random.Random:
        """Seeded; for names and choices, never for secrets."""
        return self.cloud.ids.random

    @property
    def blobs(self) -> Blobs:
        return self.cloud.store.blobs

    @property
    def pages(self) -> Pages:
        return self.cloud.pages

    @property
    def tags(self) -> Tags:
        return self.cloud.tags

    @property
    def partition(self) -> str:
        return arns.partition(self.region)

    @property
    def aws(self) -> Client:
        """In-process calls of other operations, as the caller, who then calls via this service."""
        origin = self.origin.forwarded(f"{self.service.name}.amazonaws.com")
        return self.cloud.client(self.identity, self.region, origin)

    def new_id(self, prefix: str, digits: int = 17) -> str:
        return self.cloud.ids.hexadecimal(prefix, digits)

    def secret_bytes(self, count: int) -> bytes:
        """From the operating system, never from a seed."""
        return secrets.token_bytes(count)

    def at(self, *, account: str = "", region: str = "") -> Self:
        """The same call's handle in another account or region: its collections are bound there."""
        other = copy(self)
        for name in [
            name for name in vars(self) if isinstance(getattr(type(self), name, None), Declared)
        ]:
            del other.__dict__[name]
        other.account = account or self.account
        other.region = region or self.region
        return other

    async def authorize(
        self,
        action: str,
        resource: str,
        *,
        context: Mapping[str, str | Sequence[str]] | None = None,
        account: str = "",
        policy: str | None = None,
    ) -> None:
        """Require one more permission of the caller; raises AccessDenied in AWS's words."""
        await require(self, Need(action, resource, account, context or {}, policy))

    async def allows(
        self, action: str, resource: str, *, account: str = "", policy: str | None = None
    ) -> bool:
        """Whether the caller may do this; for answers that depend on it, such as 404 or 403."""
        decision = await decide(self, Need(action, resource, account, {}, policy))
        return decision is None or decision.allowed

    def unit(self, *, final: bool = False) -> AbstractAsyncContextManager[None]:
        """A short transaction inside an operation that is not one itself.

        `final` names the last one, which will carry idempotency and trail rows. Nothing inside may
        wait but for collections.
        """
        return self.cloud.short_unit

    async def committed(self) -> None:
        """Wait until what was written is safe; before anything but the answer leaves."""
        await self.cloud.store.committed()

    async def emit(
        self, source: str, kind: str, detail: Mapping[str, Any], resources: Sequence[str] = ()
    ) -> None:
        """Tell what the open unit changes, in EventBridge's terms (`kind` is its detail-type).

        Whoever hears it does so after the commit; events about the first of the `resources` (ARNs)
        are heard in order.
        """
        fact = Fact(source, kind, detail, tuple(resources))
        await self.cloud.reconcilers.events.emit(self, fact)

    def arn(self, kind: str, **values: Any) -> str:
        """An ARN from AWS's template for a resource type of this service."""
        prefix = self.service.model_of(self.operation.name).signing_name
        return self.cloud.resources.arn(
            prefix,
            kind,
            {"Partition": self.partition, "Region": self.region, "Account": self.account, **values},
        )
