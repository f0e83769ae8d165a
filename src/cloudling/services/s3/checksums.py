"""Checksums of objects and parts: which a request names, computing, checking and combining them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from cloudling.services.s3.errors import BadDigest, InvalidDigest, InvalidRequest
from cloudling.services.s3.records import Checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import ModuleType

    from cloudling.kernel.streams import Chunk
    from cloudling.services.s3.records import ChecksumType

# Bytes of each algorithm's value.
SIZES = {
    "CRC32": 4,
    "CRC32C": 4,
    "CRC64NVME": 8,
    "SHA1": 20,
    "SHA256": 32,
    "SHA512": 64,
    "MD5": 16,
    "XXHASH64": 8,
    "XXHASH3": 8,
    "XXHASH128": 16,
}
MEMBERS = {name: f"Checksum{name}" for name in SIZES}
_BY_MEMBER = {member: name for name, member in MEMBERS.items()}
_GIVEN = frozenset(_BY_MEMBER)
DEFAULT = "CRC64NVME"
# Only of these can a whole object's checksum be made from its parts'.
_COMBINABLE = ("CRC32", "CRC32C", "CRC64NVME")
_PREFIX = "x-amz-checksum-"
_HEADERS = {f"{_PREFIX}{name.lower()}": name for name in SIZES}


class Hash(Protocol):
    """What hashlib's and our own hashes have in common."""

    def update(self, data: Chunk, /) -> None: ...
    def digest(self) -> bytes: ...


class Crc:
    """A CRC as a hash object."""

    __slots__ = ("_function", "_size", "_value")

    def __init__(self, function: Callable[[Chunk, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: Chunk) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size)


class Wanted(msgspec.Struct, frozen=True):
    """What a request says of its body's checksum.

    `value` is empty when it comes in the trailer, or when there is none to compare with.
    """

    algorithm: str
    value: str = ""
    trailer: str = ""


@cache
def _crt() -> ModuleType:
    # Imported at first use: it takes a tenth of a second.
    module: ModuleType = importlib.import_module("awscrt.checksums")
    return module


@cache
def _xxhash() -> ModuleType:
    return importlib.import_module("xxhash")


def new_hash(algorithm: str) -> Hash:
    """A hash that computes the algorithm; its digest is big-endian, as S3 prints it."""
    match algorithm:
        case "CRC32":
            return Crc(zlib.crc32, 4)
        case "CRC32C":
            return Crc(_crt().crc32c, 4)
        case "CRC64NVME":
            return Crc(_crt().crc64nvme, 8)
        case "XXHASH64":
            found: Hash = _xxhash().xxh64()
        case "XXHASH3":
            found = _xxhash().xxh3_64()
        case "XXHASH128":
            found = _xxhash().xxh3_128()
        case _:
            found = hashlib.new(algorithm.lower(), usedforsecurity=False)
    return found


def compute(algorithm: str, data: bytes) -> str:
    """The checksum of bytes in memory, in Base64."""
    if algorithm == "CRC32":
        return encode(zlib.crc32(data).to_bytes(4))
    if algorithm == "CRC64NVME":
        return encode(_crt().crc64nvme(data).to_bytes(8))
    made = new_hash(algorithm)
    made.update(data)
    return encode(made.digest())


def encode(digest: bytes) -> str:
    return binascii.b2a_base64(digest, newline=False).decode()


def named(algorithm: str) -> Wanted:
    """The algorithm alone, for S3 to compute."""
    if algorithm.upper() not in SIZES:
        raise _unsupported()
    return Wanted(algorithm.upper())


def requested(request: Mapping[str, Any], headers: Mapping[str, str]) -> Wanted | None:
    """The one checksum a request carries, in a header or announced as trailer."""
    given = _GIVEN.intersection(request)
    trailers = _trailers(headers["x-amz-trailer"]) if "x-amz-trailer" in headers else ()
    if len(given) + len(trailers) > 1:
        raise InvalidRequest(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    if given:
        (member,) = given
        algorithm, value = _BY_MEMBER[member], request[member]
        check_form(algorithm, value)
        return Wanted(algorithm, value)
    if trailers:
        if trailers[0] not in _HEADERS:
            raise InvalidRequest("The value specified in the x-amz-trailer header is not supported")
        return Wanted(_HEADERS[trailers[0]], trailer=trailers[0])
    return None


def in_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Values by algorithm that a document's request carries."""
    return {algorithm: headers[name] for name, algorithm in _HEADERS.items() if name in headers}


def _trailers(header: str) -> list[str]:
    names = [part.strip().lower() for part in header.split(",")]
    return [name for name in names if name.startswith(_PREFIX)]


def check_announced(request: Mapping[str, Any], wanted: Wanted | None) -> None:
    """x-amz-sdk-checksum-algorithm must come with the checksum it names.

    In-process callers send the member alone, see `named`.
    """
    named = request.get("ChecksumAlgorithm")
    if named is None:
        return
    if named.upper() not in SIZES:
        raise _unsupported()
    if wanted is None:
        raise InvalidRequest(
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
            "x-amz-trailer headers were found."
        )
    if wanted.algorithm != named.upper():
        raise InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.")


def check_form(algorithm: str, value: str) -> None:
    """A value must be the Base64 of as many bytes as the algorithm has."""
    if _decoded(value) != SIZES[algorithm]:
        raise InvalidRequest(f"Value for {_PREFIX}{algorithm.lower()} header is invalid.")


def check_equal(algorithm: str, claimed: str, computed: str) -> None:
    if claimed != computed:
        raise BadDigest(f"The {algorithm} you specified did not match the calculated checksum.")


def check_md5(claimed: str | None, hexadecimal: str) -> None:
    """Content-MD5 against the MD5 of what came."""
    if claimed is None:
        return
    digest = bytes.fromhex(hexadecimal)
    if base64.b64decode(claimed) != digest:
        raise BadDigest(
            ExpectedDigest=base64.b64decode(claimed).hex(),
            CalculatedDigest=base64.b64encode(digest).decode(),
        )


def check_md5_form(claimed: str | None) -> None:
    if claimed is not None and _decoded(claimed) != 16:
        fields: dict[str, Any] = {"Content-MD5": claimed}
        raise InvalidDigest(**fields)


def type_of_upload(algorithm: str, asked: str | None) -> ChecksumType:
    """How an upload's checksum will be made: what was asked, or the algorithm's default."""
    if algorithm == DEFAULT:
        kind: ChecksumType = "FULL_OBJECT"
    elif asked == "FULL_OBJECT" and algorithm in _COMBINABLE:
        kind = "FULL_OBJECT"
    else:
        kind = "COMPOSITE"
    if asked is not None and asked != kind:
        raise InvalidRequest(
            f"The {asked} checksum type cannot be used with the {algorithm.lower()} checksum "
            "algorithm."
        )
    return kind


def of_parts(algorithm: str, kind: ChecksumType, parts: Sequence[tuple[str, int]]) -> Checksum:
    """An object's checksum from its parts' values (Base64) and sizes."""
    if kind == "COMPOSITE":
        joined = b"".join(base64.b64decode(value) for value, _ in parts)
        return Checksum(
            algorithm=algorithm, value=f"{compute(algorithm, joined)}-{len(parts)}", type=kind
        )
    return Checksum(algorithm=algorithm, value=_combined(algorithm, parts), type=kind)


def _combined(algorithm: str, parts: Iterable[tuple[str, int]]) -> str:
    combine: Callable[[int, int, int], int] = getattr(_crt(), f"combine_{algorithm.lower()}")
    whole = 0
    for value, size in parts:
        whole = combine(whole, int.from_bytes(base64.b64decode(value)), size)
    return base64.b64encode(whole.to_bytes(SIZES[algorithm])).decode()


def members(checksum: Checksum | None, *, with_type: bool = True) -> dict[str, str]:
    """The members of a result that tell a checksum."""
    if checksum is None:
        return {}
    told = {MEMBERS[checksum.algorithm]: checksum.value}
    if with_type:
        told["ChecksumType"] = checksum.type
    return told


def _unsupported() -> InvalidRequest:
    return InvalidRequest(
        "Checksum algorithm provided is unsupported. Please try again with any of the valid "
        f"types: [{', '.join(SIZES)}]"
    )


def _decoded(value: str) -> int:
    """How many bytes the Base64 stands for; -1 when it is none."""
    try:
        return len(binascii.a2b_base64(value, strict_mode=True))
    except (binascii.Error, ValueError):
        return -1
