"""Errors that reach the caller, in AWS's words.

A service's `errors.py` holds one subclass of `AwsError` per error. What is raised and is not an
`AwsError` is a bug of ours and answers 500 `InternalFailure`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class AwsError(Exception):
    """An answer that says no: `code`, `message`, the HTTP `status`, and the error's own members.

    `fields` are members of the error's shape (`BucketName`, `Condition`, ...), written next to code
    and message; `headers` go out with the answer. Without a `code` the class's name is the code.
    """

    code: ClassVar[str] = ""
    message: ClassVar[str] = ""
    status: ClassVar[int] = 400

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> None:
        self.error_code = code or type(self).code or type(self).__name__
        self.text = type(self).message if message is None else message
        self.http_status = status or type(self).status
        self.headers: dict[str, str] = dict(headers or {})
        self.fields: dict[str, Any] = fields
        super().__init__(self.text)

    def __str__(self) -> str:
        return f"{self.error_code}: {self.text}"


class NotImplementedHere(AwsError):
    """The operation, or a feature of it, is not built yet; 501, which SDKs do not retry."""

    code = "NotImplemented"
    status = 501


class AccessDenied(AwsError):
    """The caller may not do this; each protocol has its own code for it."""

    status = 403


class InternalFailure(AwsError):
    """A bug of ours; the traceback is in the log under the request id."""

    message = "We encountered an internal error. Please try again."
    status = 500


class ValidationError(AwsError):
    """The request breaks its model's constraints; services rename the code in their manifest."""
