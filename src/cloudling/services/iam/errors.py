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


class UnmodifiableEntity(AwsError):
    """Only AWS may change this."""


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


class InvalidParameterValue(AwsError):
    """Session tags that cannot be set."""


class InvalidClientTokenId(AwsError):
    """Credentials of a session that may not call IAM; AWS knows of no such key then."""

    message = "The security token included in the request is invalid"
    status = 403


class OrganizationNotFoundException(AwsError):
    """The account is in no organization."""

    message = "No organization is associated with your account."


class AccountNotManagementOrDelegatedAdministratorException(AwsError):
    """Only the account that manages an organization may ask."""

    message = (
        "The account making the request is not the management account or delegated administrator "
        "account for centralized root access."
    )


class CallerIsNotManagementAccountException(AwsError):
    """Only the account that manages an organization may do this."""

    message = "The account making the request is not the management account for the organization."


class PasswordPolicyViolation(AwsError):
    """The password breaks the account's password policy."""


class InvalidUserType(AwsError):
    """Only an IAM user may do this."""


class InvalidAuthenticationCode(AwsError):
    """The MFA codes are not two that follow each other now."""

    message = "Authentication code for device is not valid."
    status = 403


class ReportNotPresent(AwsError):
    """No credential report has been made."""

    # So AWS answers, though its documentation has a sentence.
    message = "Unknown"
    status = 410


class ReportExpired(AwsError):
    """The credential report is older than four hours."""

    message = "Unknown"
    status = 410
