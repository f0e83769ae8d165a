"""What happened, told in EventBridge's envelope: emitted with a change, heard after its commit.

https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from cloudling.kernel.outbox import Deliver, Receiver

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from cloudling.kernel.call import Call
    from cloudling.kernel.cloud import Cloud
    from cloudling.kernel.outbox import Outbox
    from cloudling.kernel.services import Service

Event = dict[str, Any]
Pattern = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])
MARK = "__cloudling_subscription__"


class Fact(NamedTuple):
    """What a service tells: `source` and `kind` (EventBridge's detail-type) as AWS names them.

    `resources` are ARNs; events about the first of them are heard in order.
    """

    source: str
    kind: str
    detail: Mapping[str, Any]
    resources: tuple[str, ...] = ()


class Subscription(NamedTuple):
    """A function that is called with each event of a pattern."""

    function: Deliver
    pattern: Pattern
    dead: Deliver | None


def on(pattern: Pattern, *, dead: Deliver | None = None) -> Callable[[F], F]:
    """Make `async (call, event) -> None` hear of events; its module is one that `reconciles`.

    The pattern is EventBridge's, of values, `prefix`, `exists` and `anything-but`. The function
    opens its own units and must bear to hear of one event (`id`) twice. What it cannot take within
    a day goes to `dead`.
    """

    def mark(function: F) -> F:
        setattr(function, MARK, Subscription(function, pattern, dead))
        return function

    return mark


class Events:
    """Knows who listens. `listeners` hear of every event once, when it is committed."""

    def __init__(self, cloud: Cloud, outbox: Outbox) -> None:
        self._cloud = cloud
        self._outbox = outbox
        self._patterns: dict[str, Pattern] = {}
        self.listeners: set[Callable[[Event], None]] = set()

    def adopt(self, service: Service, module: ModuleType) -> None:
        """Take the subscriptions in a module of a service."""
        for value in vars(module).values():
            mark = getattr(value, MARK, None)
            if isinstance(mark, Subscription):
                name = f"{service.name}:{mark.function.__name__}"
                self._patterns[name] = mark.pattern
                self._outbox.add(Receiver(name, service.name, mark.function, mark.dead))

    async def emit(self, call: Call, fact: Fact) -> None:
        """Write an outbox row for each subscription that matches now."""
        event = self._envelope(call, fact)
        about = fact.resources[0] if fact.resources else fact.source
        for name, pattern in self._patterns.items():
            if matches(pattern, event):
                await self._outbox.post(call, name, about, event)
        if self.listeners:
            self._tell_after_commit(event)

    def _envelope(self, call: Call, fact: Fact) -> Event:
        moment = datetime.fromtimestamp(int(call.clock.now()), UTC)
        return {
            "version": "0",
            "id": self._cloud.ids.request_id(),
            "detail-type": fact.kind,
            "source": fact.source,
            "account": call.account,
            "time": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": call.region,
            "resources": list(fact.resources),
            "detail": dict(fact.detail),
        }

    def _tell_after_commit(self, event: Event) -> None:
        store = self._cloud.store
        undone: list[bool] = []
        if store.unit().written:
            store.unit().undo.append(partial(undone.append, True))

        def tell(fault: BaseException | None) -> None:
            if fault is None and not undone:
                for listener in tuple(self.listeners):
                    listener(event)

        store.barrier().when_done(tell)


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether an event fits: each field of the pattern has one of the values it lists."""
    for name, wanted in pattern.items():
        found = event.get(name)
        if isinstance(wanted, dict):
            if not isinstance(found, dict) or not matches(wanted, found):
                return False
        elif not any(_fits(each, found, there=name in event) for each in wanted):
            return False
    return True


def _fits(wanted: Any, found: Any, *, there: bool) -> bool:
    if isinstance(found, list):
        return any(_fits(wanted, each, there=there) for each in found)
    if not isinstance(wanted, dict):
        return there and bool(found == wanted)
    ((operator, operand),) = wanted.items()
    match operator:
        case "exists":
            return there is operand
        case "prefix":
            return isinstance(found, str) and found.startswith(operand)
        case "anything-but":
            unwanted = operand if isinstance(operand, list) else [operand]
            return there and found not in unwanted
    raise ValueError(f"The operator {operator!r} is not one that subscriptions may use.")
