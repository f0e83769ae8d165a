"""The codec of an operation: from the wire to parameters, from results and errors back.

A codec is made at an operation's first call, from code that `models/compile` keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cloudling.gateway.protocols import (
    ec2,
    errors,
    json_reading,
    json_rpc,
    json_writing,
    query,
    rest_xml,
    text,
    wire,
    xml_reading,
    xml_writing,
)
from cloudling.models import compile as compiling
from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.gateway.protocols.errors import Fail
    from cloudling.gateway.protocols.text import Fragment
    from cloudling.gateway.protocols.wire import Answer, WireRequest
    from cloudling.models.loader import Model

PROTOCOLS = {"ec2": ec2, "json": json_rpc, "query": query, "rest-xml": rest_xml}
GENERATORS = tuple(
    cast("str", module.__file__)
    for module in (
        compiling,
        ec2,
        errors,
        json_reading,
        json_rpc,
        json_writing,
        loader,
        query,
        rest_xml,
        text,
        wire,
        xml_reading,
        xml_writing,
    )
)
Params = dict[str, Any]


class Codec:
    """One operation in one protocol; its functions do the work without further look-ups.

    `streams`: the operation takes its body as it comes (an `Incoming`), so it must not be read
    before; others weigh `body_limit` bytes at most, where AWS's limit is known.
    `fail(error, request_id, host_id)` and `serialize(result, request_id, host_id)` answer status,
    headers and body.
    """

    __slots__ = (
        "_fragments",
        "body_limit",
        "fail",
        "operation",
        "parse",
        "protocol",
        "serialize",
        "streams",
    )

    def __init__(self, model: Model, operation: str, protocol: str) -> None:
        self.operation = operation
        self.protocol = protocol
        self.body_limit: int | None = model.operations[operation].traits.get("bodyLimit")
        self.streams = _streams(model, operation)
        made = _generated(model, operation, protocol)
        self.parse: Callable[[WireRequest], Params] = made["parse"]
        self.serialize: Callable[..., Answer] = made["serialize"]
        self.fail: Fail = failing(model, protocol, model.operations[operation].method)
        self._fragments: dict[str, Callable[[Any], Fragment]] = made["FRAGMENTS"]

    def fragment(self, member: str, item: Any) -> Fragment:
        """One item of a list member of the result, encoded: the list may consist of these."""
        return self._fragments[member](item)


def codec(model: Model, operation: str, protocol: str) -> Codec:
    """The codec of an operation; `KeyError` where the model has no such operation."""
    key = (model.digest, operation, protocol)
    found = _codecs.get(key)
    if found is None:
        found = _codecs[key] = Codec(model, operation, protocol)
    return found


def failing(model: Model, protocol: str, method: str = "") -> Fail:
    """How errors are answered, also before it is known which operation is meant."""
    key = (model.digest, protocol, method == "HEAD")
    found = _failing.get(key)
    if found is None:
        found = _failing[key] = _make_failing(model, protocol, method)
    return found


_codecs: dict[tuple[str, str, str], Codec] = {}
_failing: dict[tuple[str, str, bool], Fail] = {}


def _make_failing(model: Model, protocol: str, method: str) -> Fail:
    if protocol == "json":
        return json_rpc.failing(model)
    if protocol == "ec2":
        return ec2.failing(model)
    if protocol == "query":
        return errors.wrapped(model, query.XML_TYPE, "x-amzn-RequestId")
    if model.metadata.get("noErrorWrapping"):
        return errors.bare(model, method)
    return errors.wrapped(model, rest_xml.CONTENT_TYPE, "x-amzn-RequestId")


def _streams(model: Model, operation: str) -> bool:
    shape = model.input(operation)
    payload = shape.get("payload") if shape is not None else None
    if shape is None or payload is None:
        return False
    member = model.shape(shape.own["members"][payload])
    return member.type == "blob" and bool(member.get("streaming"))


def _generated(model: Model, operation: str, protocol: str) -> dict[str, Any]:
    generator = PROTOCOLS[protocol]
    code = compiling.shared.code(
        f"{model.name} {operation} {protocol}",
        (model.digest, compiling.fingerprint(*GENERATORS)),
        lambda: generator.source(model, model.operations[operation]),
    )
    return compiling.run(code, generator.NAMES)
