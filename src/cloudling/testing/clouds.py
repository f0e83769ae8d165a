"""A cloud in the test's own process, called without HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self, TypeVar

from cloudling.app import build_cloud
from cloudling.kernel.clock import ManualClock
from cloudling.services.iam.credentials import root_of
from cloudling.settings import Settings
from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from cloudling.kernel.client import Client
    from cloudling.kernel.identities import Identity

T = TypeVar("T")
ACCOUNT = "111122223333"


class LocalCloud:
    """A whole cloud in memory on a manual clock, with a loop of its own.

    `cloud.root().s3.create_bucket(Bucket="b")` calls as the account's root and gives the result.
    """

    def __init__(self, *, iam: str = "enforce", seed: int = 1, **settings: Any) -> None:
        self._runner = asyncio.Runner()
        self.clock = ManualClock()
        self.settings = Settings(memory=True, iam=iam, account=ACCOUNT, **settings)
        self.store = Store.open(None)
        self.cloud = build_cloud(self.settings, self.store, self.clock, seed=seed)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end on the cloud's loop."""
        return self._runner.run(coroutine)

    def advance(self, seconds: float) -> None:
        """Let time pass, and let what became due in it happen."""
        self.clock.advance(seconds)
        self.run(self.cloud.reconcilers.settle())

    def root(self, account: str = ACCOUNT, region: str = "us-east-1") -> SyncClient:
        return self.as_(root_of(account), region)

    def as_(self, identity: Identity, region: str = "us-east-1") -> SyncClient:
        """A client that calls as this principal."""
        return SyncClient(self, self.cloud.client(identity, region))

    def user(self, name: str, *policies: str, account: str = ACCOUNT) -> SyncClient:
        """A client of a new user who has these inline policies (JSON texts)."""
        iam = self.root(account).iam
        iam.create_user(UserName=name)
        for number, policy in enumerate(policies):
            iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        found = self.run(self.cloud.credentials.find(key["AccessKeyId"], ""))
        assert found is not None  # noqa: S101 - it was made a line ago
        return self.as_(found.identity)

    def session(self, credentials: dict[str, Any]) -> SyncClient:
        """A client of temporary credentials, as AssumeRole answers them."""
        found = self.run(
            self.cloud.credentials.find(credentials["AccessKeyId"], credentials["SessionToken"])
        )
        assert found is not None  # noqa: S101 - a wrong token raises instead
        return self.as_(found.identity)

    def close(self) -> None:
        self.run(self._end())
        self._runner.close()

    async def _end(self) -> None:
        await self.cloud.decisions.end()
        await self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class SyncClient:
    """The in-process client without `await`."""

    def __init__(self, local: LocalCloud, client: Client) -> None:
        self._local = local
        self._client = client

    def __getattr__(self, service: str) -> SyncService:
        return SyncService(self._local, getattr(self._client, service))


class SyncService:
    """One service of a SyncClient."""

    def __init__(self, local: LocalCloud, service: Any) -> None:
        self._local = local
        self._service = service

    def __getattr__(self, method: str) -> Callable[..., dict[str, Any]]:
        operation = getattr(self._service, method)

        def call(**request: Any) -> dict[str, Any]:
            return self._local.run(operation(**request))

        return call
