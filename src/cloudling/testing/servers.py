"""A cloud behind a real port, in a thread of the test's process."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from cloudling.app import App
from cloudling.kernel.clock import Clock, ManualClock, RealClock
from cloudling.settings import Settings

if TYPE_CHECKING:
    from types import TracebackType

_PATIENCE = 120.0


class RunningCloud:
    """Serves on a free port of 127.0.0.1 until closed; `endpoint` is its URL.

    `call(function)` runs `function(app)` on the cloud's own loop and gives its result.
    """

    def __init__(self, *, clock: Clock | None = None, **settings: Any) -> None:
        defaults: dict[str, Any] = {"memory": True, "port": 0}
        self.settings = Settings(**{**defaults, **settings})
        self._clock = clock or RealClock()
        self._started = threading.Event()
        self._fault: BaseException | None = None
        self._loop = asyncio.new_event_loop()
        self.app: App
        self._thread = threading.Thread(target=self._serve, name="cloudling", daemon=True)
        self._thread.start()
        if not self._started.wait(_PATIENCE):
            raise TimeoutError("The cloud did not start.")
        if self._fault:
            raise self._fault

    @property
    def port(self) -> int:
        return self.app.port

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client; as the well-known root unless keys are given."""
        import boto3  # noqa: PLC0415 - only tests on the wire need it
        from botocore.config import Config  # noqa: PLC0415

        config = Config(retries={"max_attempts": 0}).merge(options.pop("config", Config()))
        chosen = {
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            **options,
        }
        return boto3.client(service, endpoint_url=self.endpoint, config=config, **chosen)

    def user(self, name: str, *policies: str) -> dict[str, str]:
        """The keys of a new user who has these inline policies (JSON texts), for `client`."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        for number, policy in enumerate(policies):
            iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        iam.close()
        return {
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }

    def advance(self, seconds: float) -> None:
        """Move a manual clock, and let what became due happen on the cloud's own loop."""
        assert isinstance(self._clock, ManualClock)  # noqa: S101 - real time moves by itself
        self._clock.advance(seconds)
        settled = self.app.cloud.reconcilers.settle()
        asyncio.run_coroutine_threadsafe(settled, self._loop).result(_PATIENCE)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self.app = self._loop.run_until_complete(self._open())
        except BaseException as fault:  # noqa: BLE001 - told to the thread that waits
            self._fault = fault
            self._started.set()
            return
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self.app.stop(grace=1.0))
        self._loop.close()

    async def _open(self) -> App:
        app = App(self.settings, self._clock)
        await app.start()
        return app

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
