"""Answers to what is not a request we can read, in S3's manner.

They are made before anyone knows which service was meant.
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from typing import ClassVar

from cloudling.gateway.messages import Response
from cloudling.kernel.errors import InternalFailure


class Refusal(Exception):
    """The request ends here; the connection closes after the answer."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "BadRequest"
    message: ClassVar[str] = "An error occurred when parsing the HTTP request."

    def answer(self) -> Response:
        return plain_answer(self.status, self.code, self.message, close=True)


class BadRequest(Refusal):
    """Not HTTP, or framed so that two readers could disagree where it ends."""


class HeadTooLarge(Refusal):
    code = "RequestHeaderSectionTooLarge"
    message = (
        "The request header and query parameters used to make the request exceed"
        " the maximum allowed size."
    )


class TargetTooLong(Refusal):
    status = 414
    code = "InvalidURI"
    message = "Couldn't parse the specified URI."


class HeadTimeout(Refusal):
    code = "RequestTimeout"
    message = (
        "Your socket connection to the server was not read from or written to within"
        " the timeout period. Idle connections will be closed."
    )


class UnknownEncoding(Refusal):
    status = 501
    code = "NotImplemented"
    message = "A header you provided implies functionality that is not implemented"


class MethodNotAllowed(Refusal):
    status = 405
    code = "MethodNotAllowed"
    message = "The specified method is not allowed against this resource."


class WrongVersion(Refusal):
    status = 505
    code = "BadRequest"
    message = "The HTTP version specified is not supported."


class Busy(Refusal):
    status = 503
    code = "SlowDown"
    message = "Please reduce your request rate."


def plain_answer(status: int, code: str, message: str, *, close: bool = False) -> Response:
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(status, [("Content-Type", "application/xml")], document.encode(), close=close)


def failure() -> Response:
    """What a bug of ours answers."""
    return plain_answer(500, "InternalFailure", InternalFailure.message)
