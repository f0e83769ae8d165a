"""Values that break the model's constraints, in Organizations' words: one sentence and a reason."""

from __future__ import annotations

from cloudling.services.organizations.errors import InvalidInputException

# What the kernel says of a violation, and what AWS does.
_WORDS = (
    (
        "must not be null",
        "INPUT_REQUIRED",
        "You must include a value for all required parameters.",
    ),
    (
        "length greater than",
        "MIN_LENGTH_EXCEEDED",
        "You provided a string parameter that is shorter than allowed.",
    ),
    (
        "length less than",
        "MAX_LENGTH_EXCEEDED",
        "You provided a string parameter that is longer than allowed.",
    ),
    (
        "value greater than",
        "MIN_VALUE_EXCEEDED",
        "You provided a numeric parameter that has a smaller value than allowed.",
    ),
    (
        "value less than",
        "MAX_VALUE_EXCEEDED",
        "You provided a numeric parameter that has a larger value than allowed.",
    ),
    (
        "at 'policyType' failed to satisfy constraint: Member must satisfy enum",
        "INVALID_ENUM_POLICY_TYPE",
        "You specified an invalid policy type string.",
    ),
    ("must satisfy enum value set", "INVALID_ENUM", "You specified an invalid value."),
    (
        "at 'targetId' failed to satisfy constraint: Member must satisfy regular",
        "INVALID_PATTERN_TARGET_ID",
        "You specified a policy target ID that doesn't match the required pattern.",
    ),
)
_PATTERN = (
    "INVALID_PATTERN",
    "You provided a value that does not match the required pattern.",
)


def refusal(violations: list[str]) -> InvalidInputException:
    """Of several, AWS tells one."""
    for phrase, reason, text in _WORDS:
        if any(phrase in violation for violation in violations):
            return InvalidInputException(reason, text)
    return InvalidInputException(*_PATTERN)
