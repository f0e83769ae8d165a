"""The JSON protocols 1.0 and 1.1: `X-Amz-Target` names the operation, an object each way.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.gateway.protocols import errors, json_reading, json_writing
from cloudling.gateway.protocols.json_reading import JsonReader
from cloudling.gateway.protocols.json_writing import JsonWriter, dump
from cloudling.kernel.errors import AwsError
from cloudling.models.compile import Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.gateway.protocols.errors import Fail
    from cloudling.gateway.protocols.wire import Answer
    from cloudling.models.loader import Model, Operation

ID_HEADER = "x-amzn-RequestId"
# What the text is called of errors that every service has; "message" of all others.
_TEXTS = {"AccessDeniedException": "Message", "SerializationException": "Message"}


class UnknownOperationException(AwsError):
    """The target is no operation of the service; AWS says no more than that."""


def content_type(model: Model) -> str:
    return f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"


def operation_in(headers: Mapping[str, str], model: Model) -> str:
    """The operation that a call's target names."""
    prefix, _, name = headers.get("x-amz-target", "").rpartition(".")
    if prefix != model.metadata.get("targetPrefix") or name not in model.operations:
        raise UnknownOperationException
    return name


NAMES: dict[str, Any] = {**json_reading.NAMES, **json_writing.NAMES}


def source(model: Model, operation: Operation) -> str:
    """The module of one operation: `parse`, `serialize` and `FRAGMENTS`."""
    module = Module()
    given, result = model.input(operation.name), model.output(operation.name)
    # The body is read even where nothing of it counts: it must be an object.
    read = "document(request.body)"
    if given is not None:
        read = f"{JsonReader(model, module).function(given)}({read})"
    module.add(
        [
            "def parse(request):",
            *([f"    return {read}"] if given is not None else [f"    {read}", "    return {}"]),
        ]
    )
    tree = "{}" if result is None else f"{JsonWriter(model, module).function(result)}(result)"
    module.add(
        [
            "def serialize(result, request_id, host_id=''):",
            f"    headers = [({ID_HEADER!r}, request_id), "
            f"('Content-Type', {content_type(model)!r})]",
            f"    return {operation.status}, headers, dump({tree})",
        ]
    )
    module.add(["FRAGMENTS = {}"])
    return module.source()


class Known(NamedTuple):
    """An error of the model: its type, its status, what its text is called, its code for query."""

    type: str
    status: int
    message: str
    query: str


def known_errors(model: Model) -> dict[str, Known]:
    """The modelled errors by name, and by the code they had as query errors."""
    compatible = "awsQueryCompatible" in model.metadata
    found: dict[str, Known] = {}
    for name, shape in model.shapes.items():
        if not shape.get("exception"):
            continue
        told = shape.get("error", {})
        fault = bool(shape.get("fault"))
        # What a query service answered with another status is 400 in JSON.
        status = 500 if fault else 400 if compatible else told.get("httpStatusCode", 400)
        text = next((each for each in shape.get("members", {}) if each.lower() == "message"), "")
        side = "Receiver" if fault or not told.get("senderFault", True) else "Sender"
        code = f"{told['code']};{side}" if compatible and "code" in told else ""
        found[name] = entry = Known(name, status, text, code)
        found.setdefault(told.get("code", name), entry)
    return found


def failing(model: Model) -> Fail:
    """Errors as an object with `__type`, its text, and the error's own members."""
    known = known_errors(model)
    kind = content_type(model)

    def fail(error: AwsError, request_id: str, host_id: str = "") -> Answer:
        code, status = errors.renamed(error, "json")
        of = known.get(code) or Known(code, 400, _TEXTS.get(code, "message"), "")
        body: dict[str, Any] = {"__type": of.type}
        if error.text:
            body[of.message or "message"] = error.text
        body.update((name, value) for name, value in error.fields.items() if value is not None)
        own = [(ID_HEADER, request_id), ("Content-Type", kind)]
        if of.query:
            own.append(("x-amzn-query-error", of.query))
        return of.status if status == 400 else status, errors.headers(error, *own), dump(body)

    return fail
