"""S3's errors in its own words: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html."""

from __future__ import annotations

from cloudling.kernel import AwsError, errors
from cloudling.kernel.errors import NotImplementedHere


class AccessControlListNotSupported(AwsError):
    """The bucket's owner owns every object; ACLs are off, as in every bucket made today."""

    message = "The bucket does not allow ACLs"


class AccessDenied(errors.AccessDenied):
    """The caller may not do this, or may not learn why."""

    message = "Access Denied"


class BadDigest(AwsError):
    """A body, or an object put together, has another digest than the client said."""

    message = "The Content-MD5 you specified did not match what we received."


class BucketAlreadyExists(AwsError):
    """Another account owns a bucket of this name."""

    message = (
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. Please select a different name and try again."
    )
    status = 409


class BucketAlreadyOwnedByYou(AwsError):
    """The caller's own bucket, made again."""

    message = "Your previous request to create the named bucket succeeded and you already own it."
    status = 409


class BucketNotEmpty(AwsError):
    """There are objects in the bucket."""

    message = "The bucket you tried to delete is not empty"
    status = 409


class EntityTooLarge(AwsError):
    """A body over 5 GiB in one request."""

    message = "Your proposed upload exceeds the maximum allowed size"


class EntityTooSmall(AwsError):
    """A part other than the last is smaller than 5 MiB."""

    message = "Your proposed upload is smaller than the minimum allowed size"


class IllegalLocationConstraintException(AwsError):
    """A bucket asked for in another region than the request was sent to."""

    def __init__(self, constraint: str) -> None:
        super().__init__(
            f"The {constraint} location constraint is incompatible for the region specific "
            "endpoint this request was sent to."
        )


class IncompleteBody(AwsError):
    """Fewer bytes came than were announced."""

    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"


class InvalidArgument(AwsError):
    """A header or query parameter has a value S3 does not take; the fields name it."""

    message = "Invalid Argument"


class InvalidBucketAclWithObjectOwnership(AwsError):
    """CreateBucket with an ACL, though ACLs are off."""

    message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"


class InvalidBucketName(AwsError):
    """The name breaks the naming rules."""

    message = "The specified bucket is not valid."


class InvalidBucketOwnerAWSAccountID(AwsError):
    """x-amz-expected-bucket-owner is not twelve digits."""

    message = "The value of the expected bucket owner parameter must be an AWS account ID"


class InvalidDigest(AwsError):
    """Content-MD5 is not 16 bytes in Base64."""

    message = "The Content-MD5 you specified was invalid."


class InvalidLocationConstraint(AwsError):
    """No region has this name."""

    message = "The specified location-constraint is not valid"


class InvalidPart(AwsError):
    """A listed part was never uploaded, or with another ETag."""

    message = (
        "One or more of the specified parts could not be found.  The part may not have been "
        "uploaded, or the specified entity tag may not match the part's entity tag."
    )


class InvalidPartNumber(AwsError):
    """A GET asks for a part that the object does not have."""

    message = "The requested partnumber is not satisfiable"
    status = 416


class InvalidPartOrder(AwsError):
    """The list of parts does not ascend."""

    message = "The list of parts was not in ascending order. Parts must be ordered by part number."


class InvalidRange(AwsError):
    """The range lies outside the object."""

    message = "The requested range is not satisfiable"
    status = 416


class InvalidRequest(AwsError):
    """A combination of headers or parameters that S3 refuses."""


class InvalidStorageClass(AwsError):
    """S3 has no such storage class."""

    message = "The storage class you specified is not valid"


class InvalidTag(AwsError):
    """A tag breaks the rules of tags."""

    message = "The tag provided was not a valid tag."


class InvalidURI(AwsError):
    """The path is no UTF-8."""

    message = "Couldn't parse the specified URI."


class KeyTooLongError(AwsError):
    """A key over 1024 bytes."""

    message = "Your key is too long"


class MalformedPolicy(AwsError):
    """A bucket policy that is none; the field Detail names the part that is wrong."""


class MalformedTrailerError(AwsError):
    """The trailer does not carry what x-amz-trailer announced."""

    message = (
        "The request contained trailing data that was not well-formed or did not conform to our "
        "published schema."
    )


class MalformedXML(AwsError):
    """The document is not what the schema says."""

    message = (
        "The XML you provided was not well-formed or did not validate against our published schema"
    )


class MethodNotAllowed(AwsError):
    """Bucket policies are their own account's business, whoever else may be let in."""

    message = "The specified method is not allowed against this resource."
    status = 405


class MetadataConfigurationNotFound(AwsError):
    """S3 Metadata is not configured."""

    message = "The metadata configuration does not exist"
    status = 404


class MetadataTooLarge(AwsError):
    """User metadata over 2 KB."""

    message = "Your metadata headers exceed the maximum allowed metadata size"


class MissingContentLength(AwsError):
    """A body of unknown length."""

    message = "You must provide the Content-Length HTTP header."
    status = 411


class NoSuchBucket(AwsError):
    """No bucket has this name."""

    message = "The specified bucket does not exist"
    status = 404


class NoSuchBucketPolicy(AwsError):
    """The bucket has no policy."""

    message = "The bucket policy does not exist"
    status = 404


class NoSuchCORSConfiguration(AwsError):
    """The bucket has no CORS rules."""

    message = "The CORS configuration does not exist"
    status = 404


class NoSuchConfiguration(AwsError):
    """Analytics, inventory, metrics or tiering of an id that is not there."""

    message = "The specified configuration does not exist."
    status = 404


class NoSuchKey(AwsError):
    """The bucket has no object of this key."""

    message = "The specified key does not exist."
    status = 404


class NoSuchLifecycleConfiguration(AwsError):
    """The bucket has no lifecycle rules."""

    message = "The lifecycle configuration does not exist"
    status = 404


class NoSuchPublicAccessBlockConfiguration(AwsError):
    """The bucket's Block Public Access was deleted."""

    message = "The public access block configuration was not found"
    status = 404


class NoSuchTagSet(AwsError):
    """The bucket has no tags."""

    message = "The TagSet does not exist"
    status = 404


class NoSuchUpload(AwsError):
    """No multipart upload in progress has this id."""

    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may "
        "have been aborted or completed."
    )
    status = 404


class NoSuchVersion(AwsError):
    """The object has no such version."""

    message = "The specified version does not exist."
    status = 404


class NoSuchWebsiteConfiguration(AwsError):
    """The bucket is no website."""

    message = "The specified bucket does not have a website configuration"
    status = 404


class NotModified(AwsError):
    """The client's copy is still good; the answer has no body."""

    message = "Not Modified"
    status = 304


class ObjectLockConfigurationNotFoundError(AwsError):
    """The bucket was made without Object Lock."""

    message = "Object Lock configuration does not exist for this bucket"
    status = 404


class OperationAborted(AwsError):
    """Something else changed the same object meanwhile."""

    message = (
        "A conflicting conditional operation is currently in progress against this resource. "
        "Please try again."
    )
    status = 409


class PreconditionFailed(AwsError):
    """A condition of the request does not hold; the field names its header."""

    message = "At least one of the pre-conditions you specified did not hold"
    status = 412


class ReplicationConfigurationNotFoundError(AwsError):
    """The bucket is not replicated."""

    message = "The replication configuration was not found"
    status = 404


class ServerSideEncryptionConfigurationNotFoundError(AwsError):
    """Nothing encrypts the objects."""

    message = "The server side encryption configuration was not found"
    status = 404


class TooManyBuckets(AwsError):
    """The account has as many buckets as it may."""

    message = "You have attempted to create more buckets than allowed"


class UnsupportedHeader(NotImplementedHere):
    """AWS's own 501: a header with a value that S3 does not take here."""

    message = "A header you provided implies functionality that is not implemented"


def not_here(header: str, feature: str) -> NotImplementedHere:
    """The refusal of a feature that is not built yet, naming what asked for it."""
    return NotImplementedHere(
        f"{feature} ({header}) is not implemented in Cloudling yet.", Header=header
    )
