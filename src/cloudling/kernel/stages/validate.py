"""Does the request keep its model's constraints? Refused in AWS's words, all violations at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.errors import AwsError
from cloudling.models import constraints

if TYPE_CHECKING:
    from cloudling.kernel.call import Call
    from cloudling.kernel.operations import Operation
    from cloudling.kernel.pipeline import Run
    from cloudling.kernel.services import Service


def validate(run: Run, service: Service, operation: Operation) -> Run:
    """The stage; services without `validation_error` in their manifest check by themselves."""
    code, own = service.validation_error, service.refusal
    if code is None and own is None:
        return run
    model = service.model_of(operation.name)
    if not constraints.has_any(model, operation.name):
        return run
    violations_in = constraints.validator(model, operation.name)

    async def validated(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
        violations = violations_in(request)
        if violations:
            raise own(violations) if own else refusal(str(code), violations)
        return await run(call, request)

    return validated


def refusal(code: str, violations: list[str]) -> AwsError:
    """`2 validation errors detected: ...; ...`, or the sentence that a service has for one.

    IAM measures first and reads the characters after.
    """
    found = [each for each in violations if not isinstance(each, constraints.Sentence)]
    if not found:
        return AwsError(violations[0], code=code, status=400)
    count = len(found)
    noun = "error" if count == 1 else "errors"
    return AwsError(
        f"{count} validation {noun} detected: {'; '.join(found)}", code=code, status=400
    )
