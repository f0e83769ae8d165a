"""EC2's errors.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from cloudling.kernel import AwsError


class InvalidParameterValue(AwsError):
    """A parameter names something that is not there, or says what cannot be."""


class InvalidParameter(AwsError):
    """A parameter cannot be used here."""


class InvalidParameterCombination(AwsError):
    """These parameters do not go together."""


class MissingParameter(AwsError):
    """The request lacks something; `lacking` words it for one parameter."""


def lacking(parameter: str) -> MissingParameter:
    return MissingParameter(f"The request must contain the parameter {parameter}")


class InvalidPaginationToken(AwsError):
    """The token was made by nobody, or for another request."""

    message = "The specified pagination token is not valid or is expired."


class FilterLimitExceeded(AwsError):
    """A request has more filter values than may be."""

    message = "The maximum number of filter values specified on a single call is 200"


class InvalidId(AwsError):
    """An id in CreateTags or DeleteTags is nothing's."""

    code = "InvalidID"


class TagLimitExceeded(AwsError):
    """A resource would have more than 50 tags."""

    message = "More than 50 tags specified"


class InvalidGroupNotFound(AwsError):
    """No security group has this id or name."""

    code = "InvalidGroup.NotFound"


class InvalidGroupIdMalformed(AwsError):
    """What stands for a security group's id is none."""

    code = "InvalidGroupId.Malformed"


class InvalidGroupDuplicate(AwsError):
    """The VPC has a security group of this name."""

    code = "InvalidGroup.Duplicate"


class InvalidGroupReserved(AwsError):
    """The name is that of the default group."""

    code = "InvalidGroup.Reserved"


class InvalidPermissionDuplicate(AwsError):
    """The group has this rule already."""

    code = "InvalidPermission.Duplicate"


class InvalidPermissionNotFound(AwsError):
    """The group has no such rule."""

    code = "InvalidPermission.NotFound"
    message = "The specified rule does not exist in this security group."


class SecurityGroupLimitExceeded(AwsError):
    """The region has as many security groups as it may."""

    message = "The maximum number of security groups has been reached."


class RulesPerSecurityGroupLimitExceeded(AwsError):
    """The group has as many rules as it may."""

    message = "The maximum number of rules per security group has been reached."


class CannotDelete(AwsError):
    """A default security group stays as long as its VPC."""


class DependencyViolation(AwsError):
    """Something else still needs what is to be deleted."""


class VpcIdNotSpecified(AwsError):
    """There is no default VPC that could stand for the one that is not named."""

    code = "VPCIdNotSpecified"
    message = "No default VPC for this user"


class InvalidKeyPairNotFound(AwsError):
    """No key pair has this name."""

    code = "InvalidKeyPair.NotFound"


class InvalidKeyPairDuplicate(AwsError):
    """The region has a key pair of this name."""

    code = "InvalidKeyPair.Duplicate"


class InvalidKeyFormat(AwsError):
    """What is to be imported is no public key."""

    code = "InvalidKey.Format"
    message = "Key is not in valid OpenSSH public key format"


class KeyPairLimitExceeded(AwsError):
    """The region has as many key pairs as it may."""

    message = "You have reached the limit on the number of key pairs in this Region."


class InvalidInstanceType(AwsError):
    """There is no such instance type."""


class InvalidAmiIdNotFound(AwsError):
    """No image has this id, or none that the caller may see."""

    code = "InvalidAMIID.NotFound"


class InvalidUserIdMalformed(AwsError):
    """Neither an account's number nor one of AWS's words for owners."""

    code = "InvalidUserID.Malformed"


class AuthFailure(AwsError):
    """The caller may not see this."""

    status = 403


class InvalidRequest(AwsError):
    """The request makes no sense."""

    message = "The request received was invalid"


class InvalidAvailabilityZone(AwsError):
    """The region has no such zone, or not for this."""

    code = "InvalidParameterValue"


class Unsupported(AwsError):
    """This cannot be had here, whatever the account may do."""


class InsufficientInstanceCapacity(AwsError):
    """Nothing can run another instance."""

    status = 500


class VcpuLimitExceeded(AwsError):
    """The account may not run so many processors in the region."""

    status = 400


class InsufficientFreeAddressesInSubnet(AwsError):
    """The subnet is full."""


class InvalidIpAddressInUse(AwsError):
    """The private address is another interface's."""

    code = "InvalidIPAddress.InUse"


class InvalidUserDataMalformed(AwsError):
    """User data is not in base64."""

    code = "InvalidUserData.Malformed"
    message = "Invalid BASE64 encoding of user data."


class InvalidBlockDeviceMapping(AwsError):
    """A device is mapped to what cannot be there."""


class SecurityGroupsPerInterfaceLimitExceeded(AwsError):
    """More groups than an interface may have."""

    message = (
        "You have exceeded the maximum number of security groups allowed per network interface."
    )


class MissingInput(AwsError):
    """The request lacks something that the account's network cannot fill in."""


class InvalidInput(AwsError):
    """A value fits nothing in the account's network."""


class IncorrectInstanceState(AwsError):
    """The instance is not in a state that this can be done in."""


class OperationNotPermitted(AwsError):
    """The instance is protected, or EC2 never does this."""


class UnsupportedOperation(AwsError):
    """What is asked is not for a resource like this."""


class UnsupportedHibernationConfiguration(AwsError):
    """The instance cannot hibernate as it is launched."""

    message = "Hibernation is only supported for instances with an encrypted root volume."


class IdempotentParameterMismatch(AwsError):
    """The token was used before, with other parameters."""

    message = (
        "Arguments on this idempotent request are inconsistent with arguments used in previous "
        "request(s)."
    )


class InvalidAmiIdUnavailable(AwsError):
    """The image is being made, or could not be."""

    code = "InvalidAMIID.Unavailable"


class InvalidAmiAttributeItemValue(AwsError):
    """Who is to launch an image is no account and no group."""

    code = "InvalidAMIAttributeItemValue"


class InvalidAttachmentIdNotFound(AwsError):
    """The interface is not attached so."""

    code = "InvalidAttachmentID.NotFound"


class VolumeInUse(AwsError):
    """The volume is attached to an instance."""


class InvalidSnapshotInUse(AwsError):
    """An image is made of the snapshot."""

    code = "InvalidSnapshot.InUse"


class InvalidAmiNameMalformed(AwsError):
    """An image cannot be called so."""

    code = "InvalidAMIName.Malformed"


class InvalidAmiNameDuplicate(AwsError):
    """Another image of the account is called so."""

    code = "InvalidAMIName.Duplicate"
