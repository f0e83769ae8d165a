"""An operation is one function; this marks it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

Function = Callable[..., Coroutine[Any, Any, dict[str, Any] | None]]
F = TypeVar("F", bound=Callable[..., Any])
MARK = "__cloudling_operation__"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service and how it wants to be run.

    `transaction`: the whole call is one unit, and the function never suspends. Without it the
    function opens short units itself (`call.unit()`) and may wait between them.
    `partial` says what is missing of it; the coverage table prints it.
    """

    name: str
    function: Function
    transaction: bool = True
    waits: bool = False
    partial: str = ""
    model: str = ""


def operation(
    name: str, *, transaction: bool = True, waits: bool = False, partial: str = "", model: str = ""
) -> Callable[[F], F]:
    """Make the function the operation `name` of its service's model.

    `model` is needed only where several models of one service have an operation of that name.
    """

    def mark(function: F) -> F:
        made = Operation(name, function, transaction, waits, partial, model)
        setattr(function, MARK, made)
        return function

    return mark
