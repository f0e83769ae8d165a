"""Distil EC2's instance types into `src/cloudling/services/ec2/instance_types.json.gz`.

From answers of DescribeInstanceTypes and DescribeInstanceTypeOfferings as moto publishes them (a
clone or a wheel of it): what AWS itself says of each type, and in which zones it offers it. Nothing
is reckoned: members that the answers lack stay out.

    python tools/gen_instance_types.py path/to/moto/ec2/resources
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src/cloudling/services/ec2/instance_types.json.gz"
# fmt: off
FAMILIES = (
    "t1", "t2", "t3", "t3a", "t4g", "a1",
    "m4", "m5", "m5a", "m5d", "m5n", "m6a", "m6g", "m6i", "m7a", "m7g", "m7i", "m8g",
    "c4", "c5", "c5a", "c5d", "c5n", "c6a", "c6g", "c6i", "c7a", "c7g", "c7i", "c8g",
    "r4", "r5", "r5a", "r5d", "r6a", "r6g", "r6i", "r7a", "r7g", "r7i", "r8g",
    "i3", "g4ad", "g4dn", "p3", "p3dn",
)
# fmt: on
# Decided by where one asks.
LEFT_OUT = {"SupportedInRegion"}

Facts = dict[str, Any]


def main(arguments: list[str]) -> None:
    """Write the file and say how large it is."""
    (folder,) = map(Path, arguments)
    types = {
        name: flat({key: value for key, value in told.items() if key not in LEFT_OUT})
        for name, told in sorted(json.loads((folder / "instance_types.json").read_text()).items())
        if name.partition(".")[0] in FAMILIES
    }
    common = shared(list(types.values()))
    families = {}
    for family in FAMILIES:
        members = [told for name, told in types.items() if name.partition(".")[0] == family]
        families[family] = without(shared(members), common)
    own = {
        name: without(told, common | families[name.partition(".")[0]])
        for name, told in types.items()
    }
    whole = {
        "common": common,
        "families": families,
        "types": own,
        "absent": absent(folder, list(types)),
    }
    packed = gzip.compress(json.dumps(whole, separators=(",", ":")).encode(), mtime=0)
    TARGET.write_bytes(packed)
    print(f"{len(types)} types, {len(whole['absent'])} zones, {len(packed)} bytes")


def flat(value: Any, path: str = "") -> Facts:
    """Members by their paths; a list of structures has numbers in its paths."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        parts = ((str(number), each) for number, each in enumerate(value))
    else:
        return {path: sorted(value) if path.endswith("Workloads") else value}
    return {
        key: found
        for name, each in parts
        for key, found in flat(each, f"{path}.{name}" if path else name).items()
    }


def shared(several: list[Facts]) -> Facts:
    """What all of them say alike."""
    if not several:
        return {}
    first, *others = several
    return {
        path: value
        for path, value in first.items()
        if all(path in each and each[path] == value for each in others)
    }


def without(told: Facts, known: Facts) -> Facts:
    return {path: value for path, value in told.items() if path not in known}


def absent(folder: Path, types: list[str]) -> dict[str, list[str]]:
    """By the id of each zone, the types that are not offered there."""
    found: dict[str, list[str]] = {}
    for file in sorted((folder / "instance_type_offerings" / "availability-zone-id").iterdir()):
        offered: dict[str, set[str]] = {}
        for each in json.loads(file.read_text()):
            offered.setdefault(each["Location"], set()).add(each["InstanceType"])
        for zone, there in sorted(offered.items()):
            found[zone] = [name for name in types if name not in there]
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
