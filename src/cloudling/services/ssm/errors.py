"""Systems Manager's errors, in AWS's words."""

from __future__ import annotations

from cloudling.kernel import AwsError


class ParameterNotFound(AwsError):
    """AWS says no more than the code."""


class ParameterVersionNotFound(AwsError):
    def __init__(self, version: str, name: str) -> None:
        super().__init__(
            f"Systems Manager could not find version {version} of {name}. "
            "Verify the version and try again."
        )


class ValidationException(AwsError):
    """A name, a path or a filter that cannot be."""


class InvalidFilterKey(AwsError):
    """A filter that the operation does not know, or that is given twice."""


class InvalidFilterOption(AwsError):
    """A comparison or a type that the filter does not know."""


class InvalidFilterValue(AwsError):
    """A filter without values."""


class InvalidNextToken(AwsError):
    """The token is not of a listing like this one."""

    message = "The specified token is not valid."
