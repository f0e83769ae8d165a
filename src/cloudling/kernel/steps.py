"""Steps: where the handling of a request may pause, so that others come as far as it has.

One request after the other through all steps would have the processor fetch each step's code anew
for every request: under load that costs as much as the steps themselves. So the gateway takes all
requests that are there through one step, then through the next (`gateway/rounds.py`).
"""

from __future__ import annotations

import threading
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

STEP = object()
"""What a handler yields between two steps."""


class Here(threading.local):
    """Whether handlers run in a round on this thread; elsewhere they are tasks, or nobody's."""

    in_round = False


here = Here()


@types.coroutine
def step() -> Generator[object, None, None]:
    """Let the other requests of the round come as far as this one; never inside a unit."""
    if here.in_round:
        yield STEP
