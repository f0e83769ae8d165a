"""AWS's service models as data: what operations there are, and what they take and give.

The data is botocore's without its prose (`tools/gen_models.py`), corrected by the JSON Patch
documents in `patches/`, each of which says why. Nothing of botocore is imported.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from cloudling.models import corrections

Traits = Mapping[str, Any]
FOLDER = Path(__file__).parent
SCALARS = frozenset({
    "string", "boolean", "integer", "long", "float", "double", "timestamp", "blob",
})  # fmt: skip


class Shape:
    """A shape where it is used: `own` traits of its definition, `at` those of the reference."""

    __slots__ = ("at", "name", "own", "type")

    def __init__(self, name: str, own: Traits, at: Traits) -> None:
        self.name = name
        self.own = own
        self.at = at
        self.type: str = own["type"]

    def get(self, trait: str, default: Any = None) -> Any:
        """A trait; that of the reference wins over that of the definition."""
        found = self.at.get(trait)
        return self.own.get(trait, default) if found is None else found

    @property
    def is_scalar(self) -> bool:
        return self.type in SCALARS


class Operation:
    """One operation: its HTTP side, its input and output (references to shapes), its errors."""

    __slots__ = ("errors", "input", "method", "name", "output", "status", "traits", "uri")

    def __init__(self, name: str, traits: Traits) -> None:
        http = traits.get("http", {})
        self.name = name
        self.method: str = http.get("method", "POST")
        self.uri: str = http.get("requestUri", "/")
        self.status: int = http.get("responseCode", 200)
        self.input: Traits | None = traits.get("input")
        self.output: Traits | None = traits.get("output")
        self.errors: tuple[str, ...] = tuple(each["shape"] for each in traits.get("errors", ()))
        self.traits = traits


class Model:
    """A service's model. `digest` names its content: what is derived from it is kept under it."""

    __slots__ = ("botocore", "digest", "metadata", "name", "operations", "paginators", "shapes")

    def __init__(self, name: str, data: Mapping[str, Any], digest: str) -> None:
        self.name = name
        self.digest = digest
        self.botocore: str = data.get("botocore", "")
        self.metadata: dict[str, Any] = data["metadata"]
        self.shapes: dict[str, dict[str, Any]] = data["shapes"]
        self.paginators: dict[str, dict[str, Any]] = data.get("paginators", {})
        self.operations = {each: Operation(each, of) for each, of in data["operations"].items()}

    def shape(self, reference: Traits) -> Shape:
        """The shape that a reference (`{"shape": name, …}`) points to."""
        name = reference["shape"]
        return Shape(name, self.shapes[name], reference)

    def members(self, shape: Shape) -> Iterator[tuple[str, Shape]]:
        """The members of a structure, in the model's order."""
        for name, reference in shape.own.get("members", {}).items():
            yield name, self.shape(reference)

    def input(self, operation: str) -> Shape | None:
        reference = self.operations[operation].input
        return None if reference is None else self.shape(reference)

    def output(self, operation: str) -> Shape | None:
        reference = self.operations[operation].output
        return None if reference is None else self.shape(reference)

    @property
    def signing_name(self) -> str:
        found: str = self.metadata.get("signingName") or self.metadata["endpointPrefix"]
        return found

    @property
    def protocols(self) -> tuple[str, ...]:
        listed: list[str] = self.metadata.get("protocols") or [self.metadata["protocol"]]
        return tuple(listed)


@cache
def services() -> tuple[str, ...]:
    """The names of all models there are."""
    return tuple(sorted(each.name.split(".")[0] for each in (FOLDER / "data").glob("*.json.gz")))


@cache
def load(name: str) -> Model:
    """The corrected model of a service; `KeyError` when there is none."""
    if name not in services():
        raise KeyError(name)
    packed = (FOLDER / "data" / f"{name}.json.gz").read_bytes()
    file = FOLDER / "patches" / f"{name}.json"
    correction = file.read_bytes() if file.exists() else b"[]"
    data = corrections.apply(orjson.loads(gzip.decompress(packed)), orjson.loads(correction))
    return Model(name, data, hashlib.blake2b(packed + correction, digest_size=16).hexdigest())
