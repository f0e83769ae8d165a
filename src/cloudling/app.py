"""The composition root: builds the cloud from its settings and serves it."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import secrets
import signal
import socket
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudling import __version__
from cloudling.dataplane import DataPlane
from cloudling.gateway.admin import Admin
from cloudling.gateway.allowances import Allowance
from cloudling.gateway.browsers import Doors
from cloudling.gateway.gateway import Gateway, Surroundings, within
from cloudling.gateway.hosts import AcceptedNames
from cloudling.gateway.server import CannotListenError, Server
from cloudling.gateway.shells import Shells
from cloudling.kernel.clock import Clock, RealClock
from cloudling.kernel.cloud import Cloud
from cloudling.kernel.coverage import coverage_of
from cloudling.kernel.decisions.log import DecisionLog
from cloudling.kernel.origins import Perimeter
from cloudling.kernel.services import find_services
from cloudling.services.iam.credentials import WELL_KNOWN_SECRET, KeyRing
from cloudling.services.iam.directory import Directory
from cloudling.services.iam.principals import Principals
from cloudling.services.iam.roots import ensure_root_key, root_key
from cloudling.services.organizations.controls import AccountControls
from cloudling.services.s3.regions import BucketRegions
from cloudling.settings import Settings, UserError
from cloudling.store.errors import StoreError
from cloudling.store.store import Store

if TYPE_CHECKING:
    import concurrent.futures
    from collections.abc import Callable
    from pathlib import Path

    from cloudling.kernel.recording import CallRecord

_ACCESS_LINES = 10_000
_COLLECT = (20_000, 20, 10)


@dataclass(frozen=True, kw_only=True)
class ReadyInfo:
    """What whoever started the cloud needs to know once it answers.

    `token` opens the admin API; whoever started the cloud writes it where only its user reads it.
    `notes` are lines for the user: a random root key that is shown once, say.
    """

    port: int
    token: str
    notes: tuple[str, ...] = ()


def build_cloud(
    settings: Settings, store: Store, clock: Clock, *, seed: int | None = None
) -> Cloud:
    """A cloud with its ports, ready to be called in process."""
    cloud = Cloud(
        store,
        clock,
        find_services("cloudling.services"),
        iam=settings.iam,
        seed=settings.seed if seed is None else seed,
    )
    cloud.credentials = KeyRing(
        cloud, development_keys=settings.has_development_keys, default_account=settings.account
    )
    cloud.authorizer = Principals(cloud)
    cloud.decisions = decisions = DecisionLog(cloud)
    cloud.activity = decisions.activity
    cloud.organizations = AccountControls(cloud)
    for service in cloud.services.values():
        cloud.reconcilers.adopt(service)
    cloud.perimeter = Perimeter(settings.source_ip, settings.loopback_counts_as_tls)
    cloud.directory = Directory(cloud)
    return cloud


class AccessLog:
    """The newest calls, a line each, kept in memory for `cloudling logs --access`."""

    def __init__(self) -> None:
        self._lines: deque[CallRecord] = deque(maxlen=_ACCESS_LINES)

    def take(self, records: list[CallRecord]) -> None:
        self._lines.extend(records)

    def lines(self, most: int) -> list[str]:
        newest = list(self._lines)[-most:]
        return [_access_line(record) for record in newest]


def _access_line(record: CallRecord) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.at))
    outcome = record.error or "ok"
    return (
        f"{moment} request_id={record.request_id} call={record.service}:{record.operation} "
        f"principal={record.principal} region={record.region} peer={record.peer} "
        f"outcome={outcome} ms={record.seconds * 1000:.3f}"
    )


class App:
    """One running cloud: store, kernel, gateway and HTTP server; the admin API's keeper."""

    def __init__(
        self, settings: Settings, clock: Clock | None = None, *, runtime: Path | None = None
    ) -> None:
        """`runtime` is the folder in which programs of the user's look for running clouds."""
        self.settings = settings
        self.clock = clock or RealClock()
        self.token = secrets.token_urlsafe(32)
        self.development_keys = settings.has_development_keys
        self.port = 0
        self.notes: tuple[str, ...] = ()
        self.stopping = asyncio.Event()
        self.access_log = AccessLog()
        self.unproven = Allowance()
        self._started = time.monotonic()
        self._plane = DataPlane(settings, runtime)
        self._runtime = runtime
        self._shells: Shells | None = None
        self.store: Store
        self.cloud: Cloud
        self._server: Server
        self._reconciling: asyncio.Task[None]
        self._loop: asyncio.AbstractEventLoop
        self._around: Surroundings
        # What serves the calls from instances, once there are any.
        self._within: concurrent.futures.Future[Server] | None = None

    async def start(self) -> None:
        """Open the store and listen; what stands in the way is a `UserError`."""
        settings = self.settings
        self.store = _open_store(settings)
        self.cloud = build_cloud(settings, self.store, self.clock)
        if settings.access_log:
            self.cloud.recorder.sinks.append(self.access_log)
        try:
            await self._plane.require()
            if not self.development_keys:
                self.notes = await ensure_root_key(self.cloud, settings.account)
            await self._listen()
        except UserError:
            await self.store.close()
            raise
        self._loop = asyncio.get_running_loop()
        self.notes += self._plane.attach(self.cloud, self.port, self._open_within)
        if self._runtime is not None:
            self._shells = Shells(self.cloud, self._runtime / f"{self.port}.shell")
            self._shells.start()
        self.decisions.begin()
        self._reconciling = asyncio.create_task(self.cloud.reconcilers.run())
        gc.collect()
        gc.freeze()
        # A call makes and drops a few hundred objects: the young are looked at seldom, so that
        # what the calls under way hold is not looked at over and over.
        gc.set_threshold(*_COLLECT)

    async def _listen(self) -> None:
        settings = self.settings
        self._around = around = Surroundings(
            cloud=self.cloud,
            bucket_regions=BucketRegions(self.cloud),
            key_hint=_key_hint(settings),
            default_region=settings.region,
            unproven=self.unproven,
        )
        names = AcceptedNames.of(settings.hostname, machine=socket.gethostname())
        doors = Doors.of(names, settings.allow_origin, [settings.port])
        gateway = Gateway(around, doors, Admin(self, self.token))
        self._server = Server(gateway.handle)
        hosts = ["127.0.0.1", "::1"] if settings.host == "127.0.0.1" else [settings.host]
        try:
            self.port = await self._server.start(hosts, settings.port)
        except CannotListenError:
            await self.store.close()
            raise
        gateway.doors = Doors.of(names, settings.allow_origin, [self.port])

    def _open_within(self, path: Path) -> None:
        """Serve instances at this Unix socket from now on; may be said on any thread."""
        self._within = asyncio.run_coroutine_threadsafe(self._serve_within(path), self._loop)

    async def _serve_within(self, path: Path) -> Server:
        names = AcceptedNames.of(self.settings.hostname, machine=socket.gethostname())
        doors = Doors.of(names, self.settings.allow_origin, [self.port])
        server = Server(within(self._around, doors).handle)
        await server.start_within(path)
        return server

    async def stop(self, grace: float = 5.0) -> None:
        """Let what runs finish, then close the store."""
        await self._server.stop(grace)
        self._reconciling.cancel()
        await asyncio.wait([self._reconciling])
        # No reconciler is left that would start again what ends here.
        await self._plane.stop(self.cloud)
        if self._shells is not None:
            await self._shells.stop()
        if self._within is not None:
            await (await asyncio.wrap_future(self._within)).stop(grace)
        self.cloud.recorder.flush()
        await self.decisions.end()
        await self.store.close()

    @property
    def decisions(self) -> DecisionLog:
        found = self.cloud.decisions
        assert isinstance(found, DecisionLog)  # noqa: S101 - build_cloud has set it
        return found

    def health(self) -> dict[str, Any]:
        services = dict.fromkeys(sorted(self.cloud.by_model), "available")
        return {
            "status": "running",
            "edition": "cloudling",
            "version": __version__,
            "services": services,
        }

    async def status(self) -> dict[str, Any]:
        return {
            **self.health(),
            "pid": os.getpid(),
            "port": self.port,
            "uptime_seconds": round(time.monotonic() - self._started, 3),
            "data": None if self.settings.memory else str(self.settings.data),
            "iam": self.cloud.iam,
            "development_keys": self.development_keys,
            "memory_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "store_fault": self.store.fault,
            "machines": await self._plane.status(self.cloud),
        }

    def coverage(self) -> dict[str, Any]:
        return coverage_of(self.cloud.services.values())

    def access_lines(self, most: int) -> list[str]:
        self.cloud.recorder.flush()
        return self.access_log.lines(most)

    def trust_file(self, which: str) -> str:
        """Where a certificate of this cloud's own lies: `instances` or `identity`."""
        trust = self._plane.trust
        return str(trust.certificate_file(which))

    async def root_key(self, account: str) -> dict[str, str]:
        """Keys that sign as an account's root: the well-known ones, or one made for it."""
        if self.development_keys:
            key_id, secret = account, WELL_KNOWN_SECRET
        else:
            key_id, secret = await root_key(self.cloud, account)
        return {"account": account, "access_key_id": key_id, "secret_access_key": secret}

    async def reset(self) -> None:
        """Empty every account and region; keys that the settings give stay."""
        await self.store.reset()
        self.decisions.clear()
        # After the records, so that nothing starts them again.
        await self._plane.reset(self.cloud)

    def stop_soon(self) -> None:
        self.stopping.set()


def _open_store(settings: Settings) -> Store:
    try:
        return Store.open(
            None if settings.memory else settings.data,
            durability=settings.durability,
            encrypt_objects=settings.object_encryption,
        )
    except StoreError as fault:
        raise UserError(str(fault)) from fault


def _key_hint(settings: Settings) -> str:
    if settings.has_development_keys:
        return (
            "Cloudling knows the keys that its IAM has made, and the development keys test/test "
            "(setting --account names their account)."
        )
    return (
        "Cloudling's development keys are off (setting --development-keys); "
        "use the root key that was shown at the first start, or one that IAM has made."
    )


def serve(settings: Settings, *, ready: Callable[[ReadyInfo], None], runtime: Path) -> int:
    """Serve until told to stop (SIGTERM, SIGINT); the exit status.

    What stands in the way of starting is raised as `UserError` or `CannotListenError`.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(App(settings, runtime=runtime), ready))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - there is none on some systems; plain asyncio serves there
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _serve(app: App, ready: Callable[[ReadyInfo], None]) -> int:
    await app.start()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, app.stop_soon)
    ready(ReadyInfo(port=app.port, token=app.token, notes=app.notes))
    await app.stopping.wait()
    await app.stop()
    return 0
