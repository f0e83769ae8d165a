"""Running a unit: one call, one transaction, and no suspension inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

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
    coroutine.close()
    raise Suspended(
        f"{getattr(coroutine, '__qualname__', coroutine)} waited inside a unit. "
        "Declare the operation with transaction=False and open short units."
    )
