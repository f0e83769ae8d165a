"""Features that no bucket here can have yet: reads say so in AWS's words.

Where AWS's deletes succeed with nothing to delete, they do so here; all others refuse by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cloudling.kernel import operation
from cloudling.services.s3 import buckets
from cloudling.services.s3.errors import (
    MetadataConfigurationNotFound,
    NoSuchBucketPolicy,
    NoSuchConfiguration,
    NoSuchCORSConfiguration,
    NoSuchLifecycleConfiguration,
    NoSuchWebsiteConfiguration,
    ReplicationConfigurationNotFoundError,
)

if TYPE_CHECKING:
    from cloudling.kernel import AwsError
    from cloudling.services.s3.call import S3Call

Request = dict[str, Any]


async def _absent(call: S3Call, request: Request, error: type[AwsError]) -> NoReturn:
    bucket = await buckets.of_request(call, request)
    raise error(BucketName=bucket.name)


async def _none_of_id(call: S3Call, request: Request) -> NoReturn:
    await buckets.of_request(call, request)
    raise NoSuchConfiguration


async def _empty_list(call: S3Call, request: Request) -> Request:
    await buckets.of_request(call, request)
    return {"IsTruncated": False}


@operation("GetBucketPolicy")
async def get_bucket_policy(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchBucketPolicy)


@operation("GetBucketPolicyStatus")
async def get_bucket_policy_status(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchBucketPolicy)


@operation("GetBucketCors")
async def get_bucket_cors(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchCORSConfiguration)


@operation("GetBucketLifecycle")
async def get_bucket_lifecycle(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchLifecycleConfiguration)


@operation("GetBucketLifecycleConfiguration")
async def get_bucket_lifecycle_configuration(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchLifecycleConfiguration)


@operation("GetBucketReplication")
async def get_bucket_replication(call: S3Call, request: Request) -> Request:
    await _absent(call, request, ReplicationConfigurationNotFoundError)


@operation("GetBucketWebsite")
async def get_bucket_website(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchWebsiteConfiguration)


@operation("GetBucketMetadataConfiguration")
async def get_bucket_metadata_configuration(call: S3Call, request: Request) -> Request:
    await _absent(call, request, MetadataConfigurationNotFound)


@operation("GetBucketMetadataTableConfiguration")
async def get_bucket_metadata_table_configuration(call: S3Call, request: Request) -> Request:
    await _absent(call, request, MetadataConfigurationNotFound)


@operation("GetBucketAnalyticsConfiguration")
async def get_bucket_analytics_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("GetBucketInventoryConfiguration")
async def get_bucket_inventory_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("GetBucketMetricsConfiguration")
async def get_bucket_metrics_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("GetBucketIntelligentTieringConfiguration")
async def get_bucket_intelligent_tiering_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("ListBucketAnalyticsConfigurations")
async def list_bucket_analytics_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("ListBucketInventoryConfigurations")
async def list_bucket_inventory_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("ListBucketMetricsConfigurations")
async def list_bucket_metrics_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("ListBucketIntelligentTieringConfigurations")
async def list_bucket_intelligent_tiering_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("DeleteBucketPolicy")
async def delete_bucket_policy(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketCors")
async def delete_bucket_cors(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketLifecycle")
async def delete_bucket_lifecycle(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketReplication")
async def delete_bucket_replication(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketWebsite")
async def delete_bucket_website(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketAnalyticsConfiguration")
async def delete_bucket_analytics_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketInventoryConfiguration")
async def delete_bucket_inventory_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketMetricsConfiguration")
async def delete_bucket_metrics_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketIntelligentTieringConfiguration")
async def delete_bucket_intelligent_tiering_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketMetadataConfiguration")
async def delete_bucket_metadata_configuration(call: S3Call, request: Request) -> None:
    await _absent(call, request, MetadataConfigurationNotFound)


@operation("DeleteBucketMetadataTableConfiguration")
async def delete_bucket_metadata_table_configuration(call: S3Call, request: Request) -> None:
    await _absent(call, request, MetadataConfigurationNotFound)
