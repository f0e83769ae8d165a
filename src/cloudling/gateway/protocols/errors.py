"""Errors as XML: what every XML protocol answers when an operation raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cloudling.gateway.protocols.text import boolean, encode_blob, escape, header_value, number
from cloudling.gateway.protocols.wire import Answer
from cloudling.kernel.errors import AccessDenied, AwsError

if TYPE_CHECKING:
    from cloudling.models.loader import Model

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
Fail = Callable[..., Answer]
# What the kernel's AccessDenied is called, and its status, where that is not AccessDenied and 403.
DENIALS = {"json": ("AccessDeniedException", 400), "ec2": ("UnauthorizedOperation", 403)}
# Answers that have no body, whatever went wrong.
BODILESS = frozenset({204, 304})


class MalformedXML(AwsError):
    """A body that is no XML, or not of its shape."""

    message = (
        "The XML you provided was not well-formed or did not validate against our published schema"
    )


class MalformedInput(AwsError):
    """A parameter of a query call that does not fit its type."""


class InvalidArgument(AwsError):
    """A header or query parameter of a REST call that does not fit its type."""

    message = "Invalid Argument"


class MissingRequestBodyError(AwsError):
    """An operation got nothing to work with."""

    message = "Request Body is empty"


def codes(model: Model) -> dict[str, tuple[str, int]]:
    """Code and HTTP status on the wire, by the code and by the name of each modelled error."""
    found: dict[str, tuple[str, int]] = {}
    for name, shape in model.shapes.items():
        if shape.get("exception"):
            error = shape.get("error", {})
            entry = (error.get("code", name), error.get("httpStatusCode", 400))
            found[name] = entry
            found.setdefault(entry[0], entry)
    return found


def renamed(error: AwsError, protocol: str) -> tuple[str, int]:
    """The error's code and status; a denial has another name in some protocols."""
    if isinstance(error, AccessDenied) and error.error_code == "AccessDenied":
        return DENIALS.get(protocol, ("AccessDenied", error.http_status))
    return error.error_code, error.http_status


def identify(error: AwsError, known: Mapping[str, tuple[str, int]]) -> tuple[str, int]:
    """The error's code and status; the model's status counts where the error says nothing else."""
    code, status = known.get(error.error_code, (error.error_code, 400))
    return code, status if error.http_status == 400 else error.http_status


def elements(name: str, value: Any) -> str:
    """Any value of an error's own members as XML."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        inner = "".join(elements(each, of) for each, of in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, (list, tuple)):
        return "".join(elements(name, each) for each in value)
    return f"<{name}>{escape(_scalar(value))}</{name}>"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return boolean(value)
    if isinstance(value, float):
        return number(value)
    return encode_blob(value) if isinstance(value, bytes) else str(value)


def headers(error: AwsError, *own: tuple[str, str]) -> list[tuple[str, str]]:
    return [*own, *((name, header_value(value)) for name, value in error.headers.items())]


def wrapped(model: Model, content_type: str, id_header: str) -> Fail:
    """Errors within `<ErrorResponse>`: query services, and those of rest-xml but S3."""
    known = codes(model)
    space = model.metadata.get("xmlNamespace", "")
    opening = f'<ErrorResponse xmlns="{escape(space)}">' if space else "<ErrorResponse>"

    def fail(error: AwsError, request_id: str, host_id: str = "") -> Answer:
        code, status = identify(error, known)
        side = "Receiver" if status >= 500 else "Sender"
        fields = "".join(elements(name, value) for name, value in error.fields.items())
        body = (
            f"{opening}<Error><Type>{side}</Type>{elements('Code', code)}"
            f"{elements('Message', error.text)}{fields}</Error>"
            f"{elements('RequestId', request_id)}</ErrorResponse>\n"
        )
        own = ((id_header, request_id), ("Content-Type", content_type))
        return status, headers(error, *own), body.encode()

    return fail


def bare(model: Model, method: str) -> Fail:
    """S3's errors: `<Error>` alone, with the host's id; none in answer to HEAD."""
    known = codes(model)

    def fail(error: AwsError, request_id: str, host_id: str = "") -> Answer:
        code, status = identify(error, known)
        ids = [("x-amz-request-id", request_id)]
        if host_id:
            ids.append(("x-amz-id-2", host_id))
        if method == "HEAD" or status in BODILESS:
            return status, headers(error, *ids), b""
        fields = "".join(elements(name, value) for name, value in error.fields.items())
        body = (
            f"{DECLARATION}<Error>{elements('Code', code)}{elements('Message', error.text)}{fields}"
            f"{elements('RequestId', request_id)}{elements('HostId', host_id)}</Error>"
        )
        return status, headers(error, *ids, ("Content-Type", "application/xml")), body.encode()

    return fail
