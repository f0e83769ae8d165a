"""IAM's and STS's errors, with AWS's words."""

from __future__ import annotations

from cloudling.kernel import AwsError


class NoSuchEntity(AwsError):
    """The entity does not exist."""

    status = 404


class EntityAlreadyExists(AwsError):
    """The name is taken."""

    status = 409


class DeleteConflict(AwsError):
    """Something still hangs on the entity."""

    status = 409


class LimitExceeded(AwsError):
    """A quota of IAM is used up."""

    status = 409


class PolicyNotAttachable(AwsError):
    """The policy is for service-linked roles only."""


class MalformedPolicyDocument(AwsError):
    """The document breaks the policy grammar."""


class InvalidInput(AwsError):
    """A value that the operation cannot take."""


class ValidationError(AwsError):
    """A value that breaks a rule which no model states."""


class AccessDenied(AwsError):
    """A refusal that no policy decides."""

    status = 403


class InvalidAuthorizationMessageException(AwsError):
    """An encoded message that is none of ours for this account, or was changed."""

    message = "Message cannot be decoded."


class PackedPolicyTooLarge(AwsError):
    """Session policies and tags together exceed the packed limit."""
