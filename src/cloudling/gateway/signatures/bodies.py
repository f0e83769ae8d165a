"""Bodies that are checked against what was signed while they are read."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from cloudling.gateway.bodies import RawBody
from cloudling.gateway.signatures.chunks import EMPTY_SHA256, ChunkDecoder, ChunkSigner
from cloudling.gateway.signatures.keys import SigningKey, signing_key
from cloudling.gateway.signatures.refusals import Refusal, answer
from cloudling.gateway.signatures.verification import STREAMING

if TYPE_CHECKING:
    from cloudling.gateway.messages import Request
    from cloudling.gateway.signatures.claims import Claim
    from cloudling.kernel.streams import Chunk, Consume, Incoming

_TRAILER = "-TRAILER"
# What the frames of the smallest chunks AWS allows, 8 KiB, add is far below this.
_FRAMING = 65536


def open_body(request: Request, claim: Claim | None, secret: str = "") -> Incoming:
    """The payload of a request to S3, whose verified claim this is, as a stream of its own bytes.

    Raises a `Refusal` for a stream without a usable `x-amz-decoded-content-length`.
    """
    payload = claim.payload if claim else request.headers.get("x-amz-content-sha256", "")
    if payload in STREAMING:
        if payload.startswith("STREAMING-UNSIGNED"):
            return _open_stream(request, payload, None)
        if claim is None:
            # Without a signature there is none that the first chunk's could continue.
            raise Refusal("anonymous")
        return _open_stream(request, payload, (claim, signing_key(secret, claim.scope)))
    if claim is None or len(payload) != 64:
        return request.body
    if payload == EMPTY_SHA256 and request.body.length == 0:
        return request.body
    return HashedBody(request.body, payload.lower())


def _open_stream(
    request: Request, payload: str, signed: tuple[Claim, SigningKey] | None
) -> Incoming:
    text = request.headers.get("x-amz-decoded-content-length", "").strip()
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise Refusal("missing-length")
    names = request.headers.get("x-amz-trailer", "") if payload.endswith(_TRAILER) else ""
    announced = frozenset([name.strip().lower() for name in names.split(",") if name.strip()])
    return ChunkedBody(request.body, int(text), announced, signed)


def is_empty(request: Request, claim: Claim | None) -> bool:
    """Is it plain already that there is no body, and that none was signed?"""
    if request.body.length != 0:
        return False
    payload = claim.payload if claim else request.headers.get("x-amz-content-sha256", "")
    return payload not in STREAMING and (len(payload) != 64 or payload == EMPTY_SHA256)


class HashedBody:
    """A body whose SHA-256 must be the one that was signed."""

    def __init__(self, body: Incoming, expected: str) -> None:
        self.length = body.length
        self.trailers = body.trailers
        self._body = body
        self._expected = expected

    async def read(self, limit: int) -> bytes:
        body = self._body
        data = body.here(limit) if isinstance(body, RawBody) else None
        if data is None:
            data = await body.read(limit)
        if (computed := sha256(data).hexdigest()) != self._expected:
            self._compare(computed)
        return data

    async def pump(self, consume: Consume) -> int:
        digest = sha256()

        def take(chunk: Chunk) -> None:
            digest.update(chunk)
            consume(chunk)

        size = await self._body.pump(take)
        self._compare(digest.hexdigest())
        return size

    def _compare(self, computed: str) -> None:
        if computed != self._expected:
            details = {
                "ClientComputedContentSHA256": self._expected,
                "S3ComputedContentSHA256": computed,
            }
            raise answer(Refusal("other-hash", details), "s3")


class ChunkedBody:
    """The payload inside an aws-chunked body; `trailers` are there after the last byte."""

    def __init__(
        self,
        body: Incoming,
        length: int,
        announced: frozenset[str],
        signed: tuple[Claim, SigningKey] | None,
    ) -> None:
        self.length: int | None = length
        self.trailers: dict[str, str] = {}
        self._body = body
        self._size = length
        self._announced = announced
        self._signed = signed

    async def read(self, limit: int) -> bytes:
        if self._size > limit:
            sizes = {"ProposedSize": str(self._size), "MaxSizeAllowed": str(limit)}
            raise answer(Refusal("too-large", sizes), "s3")
        framed = await self._body.read(2 * limit + _FRAMING)
        data = bytearray()
        decoder = self._decoder(data.extend)
        try:
            decoder.feed(framed)
        except Refusal as refusal:
            raise answer(refusal, "s3") from None
        self._finish(decoder)
        return bytes(data)

    async def pump(self, consume: Consume) -> int:
        decoder = self._decoder(consume)

        def take(chunk: Chunk) -> None:
            try:
                decoder.feed(chunk)
            except Refusal as refusal:
                raise answer(refusal, "s3") from None

        await self._body.pump(take)
        self._finish(decoder)
        return decoder.size

    def _decoder(self, consume: Consume) -> ChunkDecoder:
        signer = ChunkSigner(*self._signed) if self._signed else None
        return ChunkDecoder(consume, self._size, self._announced, signer)

    def _finish(self, decoder: ChunkDecoder) -> None:
        try:
            decoder.finish()
        except Refusal as refusal:
            raise answer(refusal, "s3") from None
        self.trailers.update(decoder.trailers)
