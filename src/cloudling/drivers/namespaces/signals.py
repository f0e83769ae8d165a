"""Signals as something to wait for beside sockets."""

from __future__ import annotations

import os
import signal


class Signals:
    """Readable when one of these signals has come; `drain` tells which."""

    def __init__(self, *numbers: int) -> None:
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        for number in numbers:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._wake)

    def fileno(self) -> int:
        return self._woken

    def drain(self) -> set[int]:
        try:
            return set(os.read(self._woken, 4096))
        except BlockingIOError:
            return set()

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._woken)
        os.close(self._wake)
