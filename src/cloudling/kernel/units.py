"""Running a unit: one call, one transaction, and no suspension inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from cloudling.store.units import Unit

T = TypeVar("T")


class Suspended(RuntimeError):
    """A unit waited for something that is not the store; it has been rolled back."""


def run_unit(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end in one step; raises Suspended when it waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise suspended(coroutine)


def suspended(coroutine: Coroutine[Any, Any, Any]) -> Suspended:
    """End what waits, and tell of it."""
    coroutine.close()
    return Suspended(
        f"{getattr(coroutine, '__qualname__', coroutine)} waited inside a unit. "
        "Declare the operation with transaction=False and open short units."
    )


class ShortUnit:
    """A unit of the store for `async with`; a generator would cost as much as what it holds."""

    __slots__ = ("_unit",)

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def __aenter__(self) -> None:
        self._unit.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._unit.__exit__(kind, error, trace)
