"""Records: the things that services store."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One stored thing; never changed in place. `revision` counts the changes made by `change`."""

    revision: int = 0
