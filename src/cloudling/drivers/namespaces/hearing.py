"""What netd says unasked, for whoever waits for it; it may be said before anybody does."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from typing import TYPE_CHECKING

from cloudling.kernel.networks import DriverGone

if TYPE_CHECKING:
    from cloudling.drivers.namespaces.answers import Said

_Key = tuple[str, str | int]
_Heard = tuple["Said", list[int]]
# Answers that nobody waited for, such as those to a control that was here before.
_MOST_KEPT = 256


class Hearing:
    """Events by what they are about: the number of a command or a work, else a name."""

    def __init__(self) -> None:
        self._awaited: dict[_Key, asyncio.Future[_Heard]] = {}
        self._kept: OrderedDict[_Key, _Heard] = OrderedDict()

    def hear(self, said: Said, descriptors: list[int]) -> None:
        key: _Key = (said.event, said.command if said.command >= 0 else said.name)
        awaited = self._awaited.pop(key, None)
        if awaited is not None and not awaited.done():
            awaited.set_result((said, descriptors))
            return
        if said.command < 0:
            _close(descriptors)
            return
        self._kept[key] = (said, descriptors)
        while len(self._kept) > _MOST_KEPT:
            _close(self._kept.popitem(last=False)[1][1])

    def expect(self, event: str, about: str | int) -> asyncio.Future[_Heard]:
        key: _Key = (event, about)
        made: asyncio.Future[_Heard] = asyncio.get_running_loop().create_future()
        if key in self._kept:
            made.set_result(self._kept.pop(key))
            return made
        self._awaited[key] = made
        made.add_done_callback(lambda done: self._forget(key, done))
        return made

    def lose(self) -> None:
        """netd is gone: nothing more will be said."""
        for _, descriptors in self._kept.values():
            _close(descriptors)
        self._kept.clear()
        for awaited in list(self._awaited.values()):
            if not awaited.done():
                awaited.set_exception(DriverGone("netd is gone."))
                # Whoever asked may have been told already, by the answer that did not come.
                awaited.exception()

    def _forget(self, key: _Key, done: asyncio.Future[_Heard]) -> None:
        if self._awaited.get(key) is done:
            del self._awaited[key]


def _close(descriptors: list[int]) -> None:
    for each in descriptors:
        os.close(each)
