"""In-process calls: the same pipeline without HTTP.

`cloud.client(identity, region).s3.create_bucket(Bucket="b")` is validated, authorised, recorded
and transacted as a call from outside is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cloudling.kernel.identities import service_principal
from cloudling.kernel.origins import INTERNAL, Origin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.identities import Identity

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=8192)
def snake(name: str) -> str:
    """`ListObjectsV2` as `list_objects_v2`, the way SDKs name their methods."""
    return _WORD.sub("_", name).lower()


class Client:
    """All services, called as one identity in one region."""

    def __init__(
        self, cloud: Cloud, identity: Identity, region: str, origin: Origin = INTERNAL
    ) -> None:
        self._cloud = cloud
        self._identity = identity
        self._region = region
        self._origin = origin

    def as_service(self, principal: str, account: str = "") -> Client:
        """The same, called by a service itself.

        With `account` it works inside that account, on its behalf and within nobody's limits;
        without one it may do what resources' own policies allow it.
        """
        return Client(self._cloud, service_principal(principal, account), self._region)

    def __getattr__(self, service: str) -> ServiceClient:
        return ServiceClient(self, self._cloud.by_model[service.rstrip("_")].name)

    async def call(self, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        result = await self._cloud.invoke(
            service,
            operation,
            request,
            identity=self._identity,
            region=self._region,
            origin=self._origin,
        )
        return result or {}


class ServiceClient:
    """One service's operations as methods: `send_message(**request)`."""

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._service = service

    def __getattr__(self, method: str) -> Callable[..., Awaitable[dict[str, Any]]]:
        operation = self._client._cloud.operation_named(self._service, method)

        def call(**request: Any) -> Awaitable[dict[str, Any]]:
            return self._client.call(self._service, operation, request)

        return call
