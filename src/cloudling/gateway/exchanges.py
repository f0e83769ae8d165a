"""One request and its answer: from the head through the kernel to the bytes that go back."""

from __future__ import annotations

import logging
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import msgspec
import orjson

from cloudling.gateway import browsers, hosts, naming, route
from cloudling.gateway.bodies import EntityTooLarge, RawBody
from cloudling.gateway.browsers import Trust
from cloudling.gateway.messages import Response
from cloudling.gateway.protocols import codecs, errors, query, rest
from cloudling.gateway.protocols.wire import WireRequest
from cloudling.gateway.signatures import bodies, claims, presigned, verification
from cloudling.gateway.signatures.refusals import Refusal, answer
from cloudling.gateway.signatures.verification import Expected
from cloudling.kernel.errors import AwsError, InternalFailure
from cloudling.kernel.identities import Identity
from cloudling.kernel.origins import Origin
from cloudling.kernel.ports import BadToken
from cloudling.kernel.steps import step
from cloudling.kernel.streams import Bytes
from cloudling.models import actions, loader

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from cloudling.gateway.gateway import Surroundings
    from cloudling.gateway.messages import Request
    from cloudling.gateway.protocols.wire import Answer
    from cloudling.gateway.signatures.claims import Claim
    from cloudling.kernel.ids import Ids
    from cloudling.kernel.ports import Credential
    from cloudling.kernel.streams import Incoming
    from cloudling.models.loader import Model

log = logging.getLogger(__name__)
# What an operation's body may weigh where AWS names no limit of its own.
BODY_LIMIT = 1 << 20
# What is hashed for clients that leave it to us, all in memory.
UNHASHED_LIMIT = 16 << 20
_RESTFUL = frozenset({"rest-xml", "rest-json"})
_SCHEMES: dict[str, browsers.Signed] = {
    "v4-header": "header",
    "v2-header": "header",
    "v4-query": "query",
    "v2-query": "query",
}
ANONYMOUS = Identity(
    kind="anonymous", account="", arn="anonymous", principal_arn="anonymous", unique_id="anonymous"
)


class RequestEntityTooLarge(AwsError):
    """A call of a query service whose parameters weigh too much."""

    message = f"HTTP content length exceeded {BODY_LIMIT} bytes."
    status = 413


_UNKNOWN = route.Target("s3", "rest-xml")


class Refused(Exception):
    """A page may not do this."""

    def __init__(self, refusal: browsers.Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.text)


class Exchange:
    """What becomes known of one request, step by step."""

    __slots__ = (
        "around",
        "claim",
        "host",
        "identity",
        "model",
        "operation",
        "refused",
        "request",
        "request_id",
        "scheme",
        "secret",
        "target",
        "trust",
    )

    def __init__(self, around: Surroundings, request: Request, trust: Trust) -> None:
        self.around = around
        self.request = request
        self.trust = trust
        self.host = hosts.parse_host(request.headers.get("host", ""))
        self.claim: Claim | None = None
        self.scheme = ""
        self.target = _UNKNOWN
        self.model: Model | None = None
        self.operation = ""
        self.identity = ANONYMOUS
        self.secret = ""
        self.request_id = ""
        self.refused: browsers.Refusal | None = None

    async def answer(self) -> Response:
        """Run the request to its answer, whatever it is; never raises."""
        hint = ""
        try:
            self._aim()
            restful = self.target.protocol in _RESTFUL
            return self._respond(await (self._run_rest() if restful else self._run_named()))
        except Refusal as refusal:
            if refusal.kind == "unknown-key":
                hint = self.around.key_hint
            error = answer(refusal, self.target.dialect, hint)
        except AwsError as refused:
            error = refused
        except Refused as refused_page:
            self.refused = refused_page.refusal
            return refused_page.refusal.response()
        except Exception:
            log.exception("request_id=%s %s failed", self.request_id, self.operation)
            error = InternalFailure()
        return self._respond(self._fail(error))

    def _aim(self) -> None:
        """Find out which service is meant; its words serve for every refusal from here on."""
        request, served = self.request, self.around.cloud.by_model
        try:
            self.claim = claim = claims.read_claim(request)
        except Refusal:
            self._aim_at(route.find_target(request, self.host, "", served))
            raise
        signed_for = claim.scope.service if claim else ""
        self._aim_at(route.find_target(request, self.host, signed_for, served))
        if not self.target.known:
            raise route.refuse_unknown(self.target)
        self.model = loader.load(self.target.model)

    def _aim_at(self, target: route.Target) -> None:
        self.target = target
        ids = self.around.cloud.ids
        restful = target.protocol == "rest-xml"
        self.request_id = ids.s3_request_id() if restful else ids.request_id()

    async def _run_named(self) -> Answer:
        """The operation may stand in the body, so that is read first, counted while it comes."""
        request, model = self.request, self.model
        assert model is not None  # noqa: S101 - _aim has loaded it
        if self.trust is not Trust.CLIENT:
            self._refuse_page()
        body = request.body
        raw = body.here(BODY_LIMIT) if isinstance(body, RawBody) else None
        if raw is None:
            try:
                raw = await self.around.unproven.read(request.body, BODY_LIMIT)
            except EntityTooLarge:
                raise RequestEntityTooLarge from None
        protocol = self.target.protocol
        self.operation, form = naming.operation_of(
            request, raw, model, protocol, signed=self.claim is not None
        )
        await step()
        await self._identify(sha256(raw).hexdigest())
        # Programs sign in a header, which no link carries.
        if self.trust is not Trust.CLIENT or self.scheme != "v4-header":
            self._review()
        await step()
        codec = codecs.codec(model, self.operation, protocol)
        wire = WireRequest(request.method, headers=request.headers, body=raw, form=form)
        result = await self._invoke(codec.parse(wire)) or {}
        await step()
        return codec.serialize(result, self.request_id)

    async def _run_rest(self) -> Answer:  # noqa: PLR0915 - one way, step by step
        """The resources stand in the head: authenticated before the body is read."""
        request, model = self.request, self.model
        assert model is not None  # noqa: S101 - _aim has loaded it
        pairs = query.pairs(request.query) if request.query else []
        bucket = self.host.bucket
        headers = request.headers
        if pairs:
            headers = presigned.headers(self.claim, headers, pairs)
        self.operation, labels = rest.match(
            model, request.method, request.path, pairs, headers, bucket=bucket
        )
        if self.claim is not None and not self.claim.payload:
            await self._supply_hash(self.claim)
        await step()
        # A bucket that is to be made is not looked for in the region where its name is taken.
        made = self.operation == "CreateBucket"
        await self._identify("", "" if made else labels.get("Bucket", bucket))
        request.headers = headers
        # Programs sign in a header, which no link carries.
        if self.trust is not Trust.CLIENT or self.scheme != "v4-header":
            self._review()
        await step()
        codec = codecs.codec(model, self.operation, self.target.protocol)
        body: bytes | Incoming = b""
        if codec.streams or not bodies.is_empty(request, self.claim):
            body = bodies.open_body(request, self.claim, self.secret)
            if not codec.streams:
                body = await body.read(codec.body_limit or BODY_LIMIT)
        wire = WireRequest(request.method, labels, pairs, request.headers, body)
        document = b"" if codec.streams or not isinstance(body, bytes) else body
        result = await self._invoke(codec.parse(wire), document) or {}
        await step()
        return codec.serialize(result, self.request_id, self.around.cloud.ids.s3_host_id())

    async def _supply_hash(self, claim: Claim) -> None:
        """Hash the body of a request that was signed without `x-amz-content-sha256`.

        S3 refuses those (MissingSecurityHeader), but curl 7.88 sends no such header, as for other
        services: so it is taken here as those take it.
        """
        request = self.request
        if claim.scheme != "v4-header":
            return
        raw = await self.around.unproven.read(request.body, UNHASHED_LIMIT)
        self.claim = msgspec.structs.replace(claim, payload=sha256(raw).hexdigest())
        # A stream's length may be unknown, that of bytes never is.
        request.body = cast("Incoming", Bytes(raw))

    async def _identify(self, payload_hash: str, bucket: str = "") -> None:
        """Whose request this is; raises what is wrong with its signature."""
        claim = self.claim
        if claim is None:
            return
        self.scheme = claim.scheme
        cloud, region = self.around.cloud, None
        if bucket:
            regions = self.around.bucket_regions
            region = regions.known.get(bucket) or await regions.of(bucket)
        now = cloud.clock.now()
        verification.check(claim, self.request, Expected(now, self.target.model, region))
        credential = cloud.credentials.known(claim.scope.access_key_id, claim.token)
        if credential is None:
            credential = await self._find_credential(claim)
        if credential.identity.well_known and not self.around.takes_development_keys:
            raise Refusal("unknown-key", {"AWSAccessKeyId": claim.access_key_id})
        verification.verify(
            claim,
            self.request,
            credential.secret,
            payload_hash=payload_hash,
            bucket=self.host.bucket,
        )
        if credential.expires_at is not None and credential.expires_at <= now:
            raise Refusal("expired-token", {"Token-0": claim.token})
        self.identity = credential.identity
        self.secret = credential.secret

    async def _find_credential(self, claim: Claim) -> Credential:
        try:
            found = await self.around.cloud.credentials.find(claim.access_key_id, claim.token)
        except BadToken:
            raise Refusal("invalid-token", {"Token-0": claim.token}) from None
        if found is None:
            raise Refusal("unknown-key", {"AWSAccessKeyId": claim.access_key_id})
        return found

    def _refuse_page(self) -> None:
        """No untrusted page may call such a service, whatever its body says: it stays unread."""
        if self.trust is Trust.PAGE or self.trust is Trust.SHOWING:
            attempt = browsers.Attempt(self.target.model, self.request.method, "Write", "none")
            refusal = browsers.review(self.trust, attempt, self.request.headers)
            if refusal:
                raise Refused(refusal)

    def _review(self) -> None:
        """The second half of rule 1, now that operation and key are known."""
        signed = _SCHEMES[self.claim.scheme] if self.claim else "none"
        method = self.request.method
        if not browsers.needs_review(self.trust, method, signed):
            return
        assert self.model is not None  # noqa: S101 - _aim has loaded it
        action = actions.load(self.model.signing_name).actions.get(self.operation)
        attempt = browsers.Attempt(
            operation=self.operation,
            method=method,
            access_level=action.level if action else _level_of(self.operation),
            signed=signed,
            well_known_key=self.identity.well_known,
            own_cors=self.target.model == "s3",
            reads_object=self.operation in {"GetObject", "HeadObject"},
        )
        refusal = browsers.review(self.trust, attempt, self.request.headers)
        if refusal:
            raise Refused(refusal)

    def _invoke(
        self, parameters: dict[str, Any], document: bytes = b""
    ) -> Awaitable[dict[str, Any] | None]:
        around, claim, request = self.around, self.claim, self.request
        scheme = _SCHEMES[claim.scheme] if claim else "anonymous"
        version = "" if claim is None else "AWS4-HMAC-SHA256" if claim.scheme[1] == "4" else "AWS"
        origin = Origin(
            request.peer,
            request.secure,
            request.headers.get("host", ""),
            request.headers,
            scheme,
            version,
            claim.signed_at if claim else None,
            document,
        )
        region = (claim.scope.region if claim else "") or self.host.region or around.default_region
        return around.cloud.invoke(
            around.cloud.by_model[self.target.model].name,
            self.operation,
            parameters,
            identity=self.identity,
            region=region,
            origin=origin,
            request_id=self.request_id,
        )

    def _fail(self, error: AwsError) -> Answer:
        target, model = self.target, self.model
        if model is not None and self.operation:
            try:
                codec = codecs.codec(model, self.operation, target.protocol)
            except KeyError:
                pass
            else:
                return codec.fail(error, self.request_id, self.around.cloud.ids.s3_host_id())
        if target.protocol == "rest-xml":
            return errors.bare(loader.load("s3"), self.request.method)(
                error, self.request_id, self.around.cloud.ids.s3_host_id()
            )
        if target.protocol in ("json", "ec2") and model is not None:
            return codecs.failing(model, target.protocol)(error, self.request_id)
        if target.protocol == "query":
            served = model or loader.load("sts")
            return errors.wrapped(served, "text/xml", "x-amzn-RequestId")(error, self.request_id)
        return _fail_json(error, self.request_id)

    def _respond(self, answered: Answer) -> Response:
        status, headers, body = answered
        response = Response(status, headers, body)
        turn = self.around.cloud.store.commits.turn
        if not turn.done:
            # Whoever reads this must not see what a crash could still lose.
            response.held_by = turn
            response.failed = self._failed
        return response

    def _failed(self) -> Response:
        return Response(*self._fail(InternalFailure()))


def refuse_preflight(error: AwsError, ids: Ids) -> Response:
    """The answer to a preflight that no rule grants, in S3's words."""
    fail = errors.bare(loader.load("s3"), "OPTIONS")
    return Response(*fail(error, ids.s3_request_id(), ids.s3_host_id()))


def _level_of(operation: str) -> str:
    """For the few operations that are no IAM action of the same name."""
    return "Read" if operation.startswith(("Get", "Head", "List", "Describe")) else "Write"


def _fail_json(error: AwsError, request_id: str) -> Answer:
    body = orjson.dumps({"__type": error.error_code, "message": error.text})
    headers = [("x-amzn-RequestId", request_id), ("Content-Type", "application/x-amz-json-1.1")]
    return error.http_status, headers, body
