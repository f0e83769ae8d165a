"""EC2's protocol: a form with capitalised names and flat lists, and XML with nothing around it.

https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.gateway.protocols import errors, query, xml_writing
from cloudling.gateway.protocols.errors import DECLARATION, elements
from cloudling.gateway.protocols.query import FormReader, InvalidAction, MissingAction
from cloudling.gateway.protocols.xml_writing import XmlWriter
from cloudling.models.compile import Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.gateway.protocols.errors import Fail
    from cloudling.gateway.protocols.wire import Answer
    from cloudling.kernel.errors import AwsError
    from cloudling.models.loader import Model, Operation, Shape

XML_TYPE = "text/xml;charset=UTF-8"
NAMES: dict[str, Any] = query.NAMES
# What EC2 calls errors that all forms can have.
_CODES = {"MalformedInput": "InvalidParameterValue"}


def operation_in(form: Mapping[str, str], model: Model) -> str:
    """The operation that a call names; EC2 serves its older versions, too."""
    name = form.get("Action")
    if not name:
        raise MissingAction
    if name not in model.operations:
        raise InvalidAction(f"The action {name} is not valid for this web service.")
    return name


def source(model: Model, operation: Operation) -> str:
    """The module of one operation: `parse`, `serialize` and `FRAGMENTS`."""
    module = Module()
    FlatReader(model, module).write(operation)
    _write_answer(model, module, operation)
    return module.source()


class FlatReader(FormReader):
    """Reads a list's items right below its name, and members by EC2's own names for them."""

    def _key(self, name: str, shape: Shape) -> str:
        if found := shape.get("queryName"):
            return str(found)
        if found := shape.at.get("locationName"):
            return f"{found[0].upper()}{found[1:]}"
        return name

    @staticmethod
    def _unwrapped(shape: Shape, part: str) -> list[str]:
        return []


def _write_answer(model: Model, module: Module, operation: Operation) -> None:
    shape, name = model.output(operation.name), operation.name
    space = xml_writing.declaration(model.metadata.get("xmlNamespace"))
    writer = XmlWriter(model, module)
    fragments = ""
    # Operations without a result say that all went well.
    body = ["    o.append('<return>true</return>')"]
    if shape is not None:
        body = [f"    {writer.function(shape)}(result, o)"]
        fragments = ", ".join(
            f"{each!r}: {writer.item_function(each, of)}"
            for each, of in model.members(shape)
            if of.type == "list"
        )
    opening = f"{DECLARATION}<{name}Response{space}><requestId>"
    closing = f"</{name}Response>\n"
    module.add(
        [
            "def serialize(result, request_id, host_id=''):",
            f"    o = [{opening!r}, escape(request_id), '</requestId>']",
            *body,
            f"    o.append({closing!r})",
            f"    headers = [('x-amzn-RequestId', request_id), ('Content-Type', {XML_TYPE!r})]",
            f"    return {operation.status}, headers, ''.join(o).encode()",
        ]
    )
    module.add([f"FRAGMENTS = {{{fragments}}}"])


def failing(model: Model) -> Fail:
    """Errors within `<Response><Errors>`."""
    known = errors.codes(model)

    def fail(error: AwsError, request_id: str, host_id: str = "") -> Answer:
        code, status = errors.renamed(error, "ec2")
        code, modelled = known.get(code, (_CODES.get(code, code), 400))
        fields = "".join(elements(name, value) for name, value in error.fields.items())
        body = (
            f"{DECLARATION}<Response><Errors><Error>{elements('Code', code)}"
            f"{elements('Message', error.text)}{fields}</Error></Errors>"
            f"{elements('RequestID', request_id)}</Response>"
        )
        own = (("x-amzn-RequestId", request_id), ("Content-Type", XML_TYPE))
        return modelled if status == 400 else status, errors.headers(error, *own), body.encode()

    return fail
