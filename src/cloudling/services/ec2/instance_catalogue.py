"""What AWS says of its instance types and of where it offers them: `instance_types.json.gz`.

`tools/gen_instance_types.py` makes the file. A type's members are those that all types share, its
family's, and its own.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cloudling.services.ec2 import geography

_FILE = Path(__file__).with_name("instance_types.json.gz")

Facts = dict[str, Any]


class Catalogue(NamedTuple):
    """Every type's description by its name, and by a zone's id the types it does not offer."""

    types: dict[str, Facts]
    absent: dict[str, frozenset[str]]

    def offered(self, zone_id: str) -> list[str]:
        """The types in a zone; one that AWS has told nothing of offers all."""
        gone = self.absent.get(zone_id, frozenset())
        return [name for name in self.types if name not in gone]

    def in_region(self, region: str) -> list[str]:
        """The types that some zone of the region offers."""
        zones = geography.region(region).zones
        there = {name for zone in zones for name in self.offered(zone.id)}
        return [name for name in self.types if name in there]


@cache
def load() -> Catalogue:
    """Read once; long enough to be done in a thread."""
    told = json.loads(gzip.decompress(_FILE.read_bytes()))
    common, families = told["common"], told["families"]
    types = {
        name: _nested(common | families[name.partition(".")[0]] | own)
        for name, own in told["types"].items()
    }
    return Catalogue(types, {zone: frozenset(gone) for zone, gone in told["absent"].items()})


def _nested(facts: Facts) -> Facts:
    """Members by their paths as structures again."""
    whole: Facts = {}
    for path, value in facts.items():
        *parents, last = path.split(".")
        inner = whole
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = value
    listed: Facts = _listed(whole)
    return listed


def _listed(value: Any) -> Any:
    """Structures whose members are numbers are lists."""
    if not isinstance(value, dict):
        return value
    if "0" in value:
        return [_listed(value[str(number)]) for number in range(len(value))]
    return {name: _listed(each) for name, each in value.items()}
