"""The cloud itself: its store, its time, its services, and the one way to call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cloudling.kernel import pipeline
from cloudling.kernel.client import Client, snake
from cloudling.kernel.decisions import NO_DECISIONS, Decisions
from cloudling.kernel.ids import Ids
from cloudling.kernel.missing import missing
from cloudling.kernel.networks import HOST_ADDRESS, Availability
from cloudling.kernel.origins import INTERNAL, Origin, Perimeter
from cloudling.kernel.pages import Pages
from cloudling.kernel.ports import NO_ACTIVITY, NO_ORGANIZATIONS, Activity, Organizations
from cloudling.kernel.reconcilers import Reconcilers
from cloudling.kernel.recording import Recorder
from cloudling.kernel.resources import Resources
from cloudling.kernel.tags import Tags
from cloudling.kernel.units import ShortUnit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from cloudling.kernel.call import Call
    from cloudling.kernel.clock import Clock
    from cloudling.kernel.collections import Declared
    from cloudling.kernel.identities import Identity
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.ports import (
        Authorizer,
        Carrier,
        Credentials,
        Directory,
        IdentitySigner,
        Machines,
        Networks,
        Roots,
    )
    from cloudling.kernel.services import Service
    from cloudling.store.collections import Collection as Bound
    from cloudling.store.store import Store


P = TypeVar("P")


class Late(Generic[P]):
    """A port of the data plane: all of them are made when one is first asked for."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, cloud: Cloud, owner: type) -> P | None:
        make, cloud.make_drivers = cloud.make_drivers, None
        if make is not None:
            make()
        found: P | None = vars(cloud).setdefault(self._name, None)
        return found


class Cloud:
    """Holds what all calls share. `iam` is "enforce", "observe" or "off".

    The ports (`credentials`, `authorizer`, ...) are set by the composition root. `iam` may change
    while calls run.
    """

    credentials: Credentials
    authorizer: Authorizer
    directory: Directory
    organizations: Organizations = NO_ORGANIZATIONS
    activity: Activity = NO_ACTIVITY
    decisions: Decisions = NO_DECISIONS
    perimeter = Perimeter()
    # The data plane; None where nothing here can run machines.
    networks: Late[Networks] = Late()
    machines: Late[Machines] = Late()
    roots: Late[Roots] = Late()
    carrier: Late[Carrier] = Late()
    identity_signer: Late[IdentitySigner] = Late()
    make_drivers: Callable[[], None] | None = None
    # Why it is None, and what the user can do.
    no_machines = Availability("Cloudling was started without machines.", "")
    # The address as which networks, and the rules of security groups, see this host.
    host_address = HOST_ADDRESS

    def __init__(
        self,
        store: Store,
        clock: Clock,
        services: Iterable[Service],
        *,
        iam: str = "enforce",
        seed: int | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.iam = iam
        self.unit = store.unit()
        self.short_unit = ShortUnit(self.unit)
        self.ids = Ids(seed)
        self.pages = Pages(store.secret("pages"))
        self.tags = Tags(store)
        self.resources = Resources()
        self.recorder = Recorder()
        self.reconcilers = Reconcilers(self)
        self.services = {service.name: service for service in services}
        # The service room of every model that is served (`sts` lives in `iam`).
        self.by_model = {
            model: service for service in self.services.values() for model in service.models
        }
        # The collections that are the same in every account and region.
        self.worldwide: dict[Declared[Any], Bound[Any]] = {}
        self._built: dict[tuple[str, str], tuple[Run, Operation, type[Call], Service]] = {}

    def operation_named(self, service: str, method: str) -> str:
        """The operation behind an SDK's method name; AttributeError when the model has none."""
        from cloudling.models import loader  # noqa: PLC0415 - only in-process clients need it

        for model in self.services[service].models:
            operations: Iterable[str] = loader.load(model).operations
            for name in operations:
                if snake(name) == method:
                    return name
        raise AttributeError(f"{service} has no operation {method}.")

    def client(self, identity: Identity, region: str, origin: Origin = INTERNAL) -> Client:
        return Client(self, identity, region, origin)

    def invoke(  # noqa: PLR0913 - the one door; all by name
        self,
        service: str,
        operation: str,
        request: dict[str, Any],
        *,
        identity: Identity,
        region: str,
        origin: Origin = INTERNAL,
        request_id: str = "",
    ) -> Awaitable[dict[str, Any] | None]:
        """Run one operation through the pipeline; its result, or an AwsError."""
        run, built, call_type, room = self._built.get((service, operation)) or self._build(
            service, operation
        )
        call = call_type(self, room, built, identity, region)
        call.origin = origin
        call.request_id = request_id or self.ids.request_id()
        return run(call, request)

    def _build(self, service: str, operation: str) -> tuple[Run, Operation, type[Call], Service]:
        room = self.services[service]
        built = room.operations.get(operation) or missing(room, operation)
        made = pipeline.build(room, built), built, room.call_type, room
        self._built[service, operation] = made
        return made
