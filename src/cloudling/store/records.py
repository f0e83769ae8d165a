"""Records: the things that services store."""

from __future__ import annotations

import msgspec


# What can be stored is part of no cycle: the collector need not look at the many that are kept.
class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One stored thing; never changed in place. `revision` counts the changes made by `change`."""

    revision: int = 0
