"""Organizations' errors, with AWS's words.

https://docs.aws.amazon.com/organizations/latest/APIReference/CommonErrors.html and each
operation's page; those that have a `Reason` tell it as a member.
"""

from __future__ import annotations

from cloudling.kernel import AwsError
from cloudling.kernel.authorize.control_grammar import MALFORMED


class AWSOrganizationsNotInUseException(AwsError):
    """The caller's account is in no organization."""

    message = "Your account is not a member of an organization."


class AccessDeniedException(AwsError):
    """Only the management account may do this."""

    message = "You don't have permissions to access this resource."


class AccountAlreadyClosedException(AwsError):
    """The account was closed before."""

    message = "You attempted to close an account that is already closed."


class AccountNotFoundException(AwsError):
    """No such account in the caller's organization."""

    message = "You specified an account that doesn't exist."


class AlreadyInOrganizationException(AwsError):
    """The account has an organization."""

    message = "The AWS account is already a member of an organization."


class ChildNotFoundException(AwsError):
    """No such unit or account."""

    message = "You specified a child that doesn't exist."


class ConflictException(AwsError):
    """The account is in a state that does not allow it."""

    message = (
        "The request failed because it conflicts with the current state of the specified resource."
    )


class ConstraintViolationException(AwsError):
    """A quota or another rule of the organization; `Reason` names it."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text, Reason=reason)


class CreateAccountStatusNotFoundException(AwsError):
    """No such request."""

    message = "You specified a create account request that doesn't exist."


class DestinationParentNotFoundException(AwsError):
    """Where the account should go there is nothing."""

    message = "You specified a destination parent that doesn't exist."


class DuplicateAccountException(AwsError):
    """The account is there already."""

    message = "That account is already present in the specified destination."


class DuplicateOrganizationalUnitException(AwsError):
    """Two units of one parent may not share a name."""

    message = "An OU with the same name already exists."


class DuplicatePolicyAttachmentException(AwsError):
    """Attaching again."""

    message = "The selected policy is already attached to the specified target."


class DuplicatePolicyException(AwsError):
    """Two policies of one type may not share a name."""

    message = "A policy with the specified name and type already exists."


class EffectivePolicyNotFoundException(AwsError):
    """Nothing of this type applies to the account."""

    message = "The account doesn't have an effective policy of the specified type."


class HandshakeNotFoundException(AwsError):
    """No such handshake."""

    message = "You specified a handshake that doesn't exist."


class InvalidInputException(AwsError):
    """A value that cannot be taken; `Reason` says why."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text, Reason=reason)


class MalformedPolicyDocumentException(AwsError):
    """AWS does not say what is wrong with it."""

    message = MALFORMED


class MasterCannotLeaveOrganizationException(AwsError):
    """The management account stays as long as its organization."""

    message = (
        "You can't remove a management account from an organization. If you want the management "
        "account to become a member account in another organization, you must first delete the "
        "current organization of the management account."
    )


class OrganizationNotEmptyException(AwsError):
    """There are member accounts."""

    message = (
        "To delete an organization you must first remove all member accounts (except the master)."
    )


class OrganizationalUnitNotEmptyException(AwsError):
    """Something is in the unit."""

    message = (
        "The specified OU is not empty. Move all accounts to another root or to other OUs, remove "
        "all child OUs, and try the operation again."
    )


class OrganizationalUnitNotFoundException(AwsError):
    """No such unit in the caller's organization."""

    message = "You specified an organizational unit that doesn't exist."


class ParentNotFoundException(AwsError):
    """Neither a root nor a unit of the caller's organization."""

    message = "You specified a parent that doesn't exist."


class PolicyInUseException(AwsError):
    """The policy hangs somewhere."""

    message = (
        "The policy is attached to one or more entities. You must detach it from all roots, OUs, "
        "and accounts before performing this operation."
    )


class PolicyNotAttachedException(AwsError):
    """Nothing to detach."""

    message = "The policy isn't attached to the specified target in the specified root."


class PolicyNotFoundException(AwsError):
    """No such policy in the caller's organization."""

    message = "You specified a policy that doesn't exist."


class PolicyTypeAlreadyEnabledException(AwsError):
    """Enabling again."""

    message = "The specified policy type is already enabled."


class PolicyTypeNotAvailableForOrganizationException(AwsError):
    """Only an organization with all features has policies."""

    message = (
        "You can't use the specified policy type with the feature set currently enabled for this "
        "organization."
    )


class PolicyTypeNotEnabledException(AwsError):
    """The type is off in the root."""

    message = "This operation can be performed only for enabled policy types."


class ResourcePolicyNotFoundException(AwsError):
    """No delegation policy."""

    message = "We can't find a resource policy request with the parameter that you specified."


class RootNotFoundException(AwsError):
    """No such root in the caller's organization."""

    message = "You specified a root that doesn't exist."


class SourceParentNotFoundException(AwsError):
    """The account is not there."""

    message = "You specified a source parent that doesn't exist."


class TargetNotFoundException(AwsError):
    """Neither root, unit, account nor policy of the caller's organization."""

    message = "You specified a target that doesn't exist."
