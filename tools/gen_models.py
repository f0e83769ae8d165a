"""Write `src/cloudling/models/data/` from the botocore that is installed here.

What a server has no use for (prose, examples, hints for client libraries) is left out. The same
botocore gives the same bytes, so that a test can tell whether the data is current.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

SERVICES = ("ec2", "iam", "organizations", "s3", "ssm", "sts")
TARGET = Path(__file__).parents[1] / "src" / "cloudling" / "models" / "data"

Json = dict[str, Any]
USELESS = frozenset({
    "documentation", "documentationUrl", "externalDocumentation", "deprecatedMessage",
    "deprecatedSince", "contextParam", "staticContextParams", "operationContextParams", "examples",
    "synthetic",
})  # fmt: skip
PAGING = ("input_token", "output_token", "limit_key", "result_key", "more_results")


def main() -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    for service in SERVICES:
        packed = pack(service)
        (TARGET / f"{service}.json.gz").write_bytes(packed)
        print(f"{service}: {len(packed)} bytes")
    return 0


def pack(service: str) -> bytes:
    """The data of one service as it is stored."""
    text = json.dumps(distil(service), ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def distil(service: str) -> Json:
    folder = newest(service)
    model = read(folder / "service-2.json")
    return {
        "botocore": metadata.version("botocore"),
        "metadata": model["metadata"],
        "operations": {name: strip(each) for name, each in sorted(model["operations"].items())},
        "shapes": {name: shape(each) for name, each in sorted(model["shapes"].items())},
        "paginators": paginators(folder),
    }


def newest(service: str) -> Path:
    """The folder of the service's latest API version."""
    found = importlib.util.find_spec("botocore")
    if found is None or found.origin is None:
        sys.exit("botocore is not installed here, so there is nothing to read. Run `make setup`.")
    versions = Path(found.origin).parent / "data" / service
    return max(each for each in versions.iterdir() if each.is_dir())


def read(file: Path) -> Json:
    packed = file.with_name(file.name + ".gz")
    content = gzip.decompress(packed.read_bytes()) if packed.exists() else file.read_bytes()
    result: Json = json.loads(content)
    return result


def paginators(folder: Path) -> Json:
    file = folder / "paginators-1.json"
    pagination = read(file)["pagination"] if file.exists() else {}
    return {
        name: {key: rule[key] for key in PAGING if key in rule}
        for name, rule in sorted(pagination.items())
    }


def strip(given: Json) -> Json:
    """Leave out useless traits, here and in the references to shapes."""
    return {
        name: strip(value) if isinstance(value, dict) else value
        for name, value in given.items()
        if name not in USELESS
    }


def shape(given: Json) -> Json:
    """As `strip`; the names of members are not traits, whatever they are called."""
    kept = strip({name: value for name, value in given.items() if name != "members"})
    if "members" in given:
        kept["members"] = {name: strip(each) for name, each in given["members"].items()}
    return kept


if __name__ == "__main__":
    sys.exit(main())
