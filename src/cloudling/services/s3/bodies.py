"""Taking a body in: hashed, checked and written on its way, ready to be kept by a unit."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from cloudling.kernel.streams import Bytes
from cloudling.services.s3 import checksums
from cloudling.services.s3.errors import (
    EntityTooLarge,
    InvalidRequest,
    MalformedTrailerError,
    MissingContentLength,
    UnsupportedHeader,
)
from cloudling.services.s3.records import Checksum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.kernel import BlobRef, BlobWriter, SmallBlob
    from cloudling.kernel.streams import Chunk, Incoming, Outgoing
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.checksums import Wanted

Request = dict[str, Any]

LARGEST = 5 * 1024**3
# Up to this size hashing costs less than handing the body to a thread.
SMALL = 64 * 1024
_STEP = 1024 * 1024


class Taken(msgspec.Struct, frozen=True):
    """A body that came whole and right, and has not been kept yet.

    `values` are its checksums in Base64, by algorithm; `named` is the one the client sent.
    """

    md5: str
    size: int
    values: Mapping[str, str]
    named: str
    writer: BlobWriter | SmallBlob | None

    def checksum(self, algorithm: str) -> Checksum:
        return Checksum(algorithm=algorithm, value=self.values[algorithm])

    def keep(self, call: S3Call) -> tuple[BlobRef, ...]:
        """The blobs of a record that refers to them; inside a unit."""
        return () if self.writer is None else (call.blobs.keep(self.writer),)

    def abort(self) -> None:
        if self.writer is not None:
            self.writer.abort()


class Intake:
    """What every chunk of a body goes through, in whatever thread it comes."""

    def __init__(self, algorithms: Iterable[str], writer: BlobWriter | None) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hashes = {name: checksums.new_hash(name) for name in algorithms}
        self.writer = writer
        self.size = 0

    def take(self, chunk: Chunk) -> None:
        self.size += len(chunk)
        if self.size > LARGEST:
            raise too_large(self.size)
        self._md5.update(chunk)
        for one in self._hashes.values():
            one.update(chunk)
        if self.writer is not None:
            self.writer.write(chunk)

    def drain(self, body: Outgoing) -> None:
        """Take all of stored bytes; blocks, and closes them."""
        try:
            if body.data is not None:
                self.take(body.data)
            else:
                while chunk := body.read(_STEP):
                    self.take(chunk)
        finally:
            body.close()

    def taken(self, named: str = "") -> Taken:
        if self.writer is not None:
            self.writer.finish()
        values = {name: checksums.encode(made.digest()) for name, made in self._hashes.items()}
        return Taken(self._md5.hexdigest(), self.size, values, named, self.writer)


def expect(call: S3Call, request: Request) -> Wanted | None:
    """What the head says of the body; refuses what can be refused before the body comes."""
    wanted = checksums.requested(request, call.origin.headers)
    if "ChecksumAlgorithm" in request:
        if call.origin.scheme != "internal":
            checksums.check_announced(request, wanted)
        elif wanted is None and request["ChecksumAlgorithm"]:
            wanted = checksums.named(request["ChecksumAlgorithm"])
    if "ContentMD5" in request:
        checksums.check_md5_form(request["ContentMD5"])
    length = _body(request).length
    if length is None:
        if "transfer-encoding" in call.origin.headers:
            # S3 takes chunks only in its own form, which tells the length.
            raise UnsupportedHeader(Header="Transfer-Encoding")
        raise MissingContentLength
    if length > LARGEST:
        raise too_large(length)
    return wanted


def too_large(size: int) -> EntityTooLarge:
    return EntityTooLarge(ProposedSize=size, MaxSizeAllowed=LARGEST)


async def take(call: S3Call, request: Request, wanted: Wanted | None, also: str = "") -> Taken:
    """The body, hashed in the algorithm that came with it (else S3's default) and in `also`.

    Whoever calls must keep or abort what is returned.
    """
    body = _body(request)
    named = wanted.algorithm if wanted else ""
    algorithms = [named or also or checksums.DEFAULT]
    if also and also not in algorithms:
        algorithms.append(also)
    length = body.length or 0
    if length <= SMALL:
        taken = _taken_small(call, await body.read(SMALL), named, algorithms)
    else:
        taken = await _pumped(call, body, named, algorithms)
    try:
        if wanted is not None or "ContentMD5" in request:
            _check(taken, request, body, wanted)
    except BaseException:
        taken.abort()
        raise
    return taken


def _body(request: Request) -> Incoming | Bytes:
    body: Incoming | bytes = request.get("Body") or b""
    if isinstance(body, bytes):
        return Bytes(body)
    return body


def _taken_small(call: S3Call, data: bytes, named: str, algorithms: list[str]) -> Taken:
    values = {algorithms[0]: checksums.compute(algorithms[0], data)}
    for name in algorithms[1:]:
        values[name] = checksums.compute(name, data)
    return Taken(
        hashlib.md5(data, usedforsecurity=False).hexdigest(),
        len(data),
        values,
        named,
        call.blobs.of(data) if data else None,
    )


async def _pumped(call: S3Call, body: Incoming | Bytes, named: str, algorithms: list[str]) -> Taken:
    writer = call.blobs.writer(body.length)
    intake = Intake(algorithms, writer)
    try:
        await body.pump(intake.take)
        return intake.taken(named)
    except BaseException:
        writer.abort()
        raise


async def digest(body: Outgoing, algorithms: Iterable[str], writer: BlobWriter | None) -> Taken:
    """Hash stored bytes, and write them anew when there is a writer."""
    intake = Intake(algorithms, writer)
    try:
        if body.length <= SMALL:
            intake.drain(body)
        else:
            await asyncio.to_thread(intake.drain, body)
        return intake.taken()
    except BaseException:
        if writer is not None:
            writer.abort()
        raise


def _check(taken: Taken, request: Request, body: Incoming | Bytes, wanted: Wanted | None) -> None:
    if "ContentMD5" in request:
        checksums.check_md5(request["ContentMD5"], taken.md5)
    if wanted is None or wanted.value == taken.values[wanted.algorithm]:
        return
    claimed = wanted.value
    if wanted.trailer:
        claimed = body.trailers.get(wanted.trailer, "")
        if not claimed:
            raise MalformedTrailerError
        checksums.check_form(wanted.algorithm, claimed)
    if claimed:
        checksums.check_equal(wanted.algorithm, claimed, taken.values[wanted.algorithm])


def require_digest(call: S3Call) -> None:
    """Some operations refuse a document that comes without any digest, or with a wrong one."""
    origin = call.origin
    if origin.scheme == "internal":
        return
    claimed = origin.headers.get("content-md5")
    if claimed is not None:
        checksums.check_md5_form(claimed)
        checksums.check_md5(claimed, hashlib.md5(origin.body, usedforsecurity=False).hexdigest())
    wanted = checksums.in_headers(origin.headers)
    for algorithm, value in wanted.items():
        checksums.check_form(algorithm, value)
        checksums.check_equal(algorithm, value, checksums.compute(algorithm, origin.body))
    if claimed is None and not wanted and "x-amz-trailer" not in origin.headers:
        raise InvalidRequest(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
        )
