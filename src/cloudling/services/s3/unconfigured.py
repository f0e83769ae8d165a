"""Features that no bucket here can have yet: reads say so in AWS's words.

Where AWS's deletes succeed with nothing to delete, they do so here; all others refuse by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from cloudling.kernel import operation
from cloudling.services.s3 import buckets
from cloudling.services.s3.errors import (
    MetadataConfigurationNotFound,
    NoSuchConfiguration,
    NoSuchCORSConfiguration,
    NoSuchLifecycleConfiguration,
    NoSuchWebsiteConfiguration,
    ReplicationConfigurationNotFoundError,
)
from cloudling.services.s3.partial import NOTHING_TO_DELETE, UNCONFIGURED

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


@operation("GetBucketCors", partial=UNCONFIGURED)
async def get_bucket_cors(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchCORSConfiguration)


@operation("GetBucketLifecycle", partial=UNCONFIGURED)
async def get_bucket_lifecycle(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchLifecycleConfiguration)


@operation("GetBucketLifecycleConfiguration", partial=UNCONFIGURED)
async def get_bucket_lifecycle_configuration(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchLifecycleConfiguration)


@operation("GetBucketReplication", partial=UNCONFIGURED)
async def get_bucket_replication(call: S3Call, request: Request) -> Request:
    await _absent(call, request, ReplicationConfigurationNotFoundError)


@operation("GetBucketWebsite", partial=UNCONFIGURED)
async def get_bucket_website(call: S3Call, request: Request) -> Request:
    await _absent(call, request, NoSuchWebsiteConfiguration)


@operation("GetBucketMetadataConfiguration", partial=UNCONFIGURED)
async def get_bucket_metadata_configuration(call: S3Call, request: Request) -> Request:
    await _absent(call, request, MetadataConfigurationNotFound)


@operation("GetBucketMetadataTableConfiguration", partial=UNCONFIGURED)
async def get_bucket_metadata_table_configuration(call: S3Call, request: Request) -> Request:
    await _absent(call, request, MetadataConfigurationNotFound)


@operation("GetBucketAnalyticsConfiguration", partial=UNCONFIGURED)
async def get_bucket_analytics_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("GetBucketInventoryConfiguration", partial=UNCONFIGURED)
async def get_bucket_inventory_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("GetBucketMetricsConfiguration", partial=UNCONFIGURED)
async def get_bucket_metrics_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("GetBucketIntelligentTieringConfiguration", partial=UNCONFIGURED)
async def get_bucket_intelligent_tiering_configuration(call: S3Call, request: Request) -> Request:
    await _none_of_id(call, request)


@operation("ListBucketAnalyticsConfigurations", partial=UNCONFIGURED)
async def list_bucket_analytics_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("ListBucketInventoryConfigurations", partial=UNCONFIGURED)
async def list_bucket_inventory_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("ListBucketMetricsConfigurations", partial=UNCONFIGURED)
async def list_bucket_metrics_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("ListBucketIntelligentTieringConfigurations", partial=UNCONFIGURED)
async def list_bucket_intelligent_tiering_configurations(call: S3Call, request: Request) -> Request:
    return await _empty_list(call, request)


@operation("DeleteBucketCors", partial=NOTHING_TO_DELETE)
async def delete_bucket_cors(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketLifecycle", partial=NOTHING_TO_DELETE)
async def delete_bucket_lifecycle(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketReplication", partial=NOTHING_TO_DELETE)
async def delete_bucket_replication(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketWebsite", partial=NOTHING_TO_DELETE)
async def delete_bucket_website(call: S3Call, request: Request) -> None:
    await buckets.of_request(call, request)


@operation("DeleteBucketAnalyticsConfiguration", partial=NOTHING_TO_DELETE)
async def delete_bucket_analytics_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketInventoryConfiguration", partial=NOTHING_TO_DELETE)
async def delete_bucket_inventory_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketMetricsConfiguration", partial=NOTHING_TO_DELETE)
async def delete_bucket_metrics_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketIntelligentTieringConfiguration", partial=NOTHING_TO_DELETE)
async def delete_bucket_intelligent_tiering_configuration(call: S3Call, request: Request) -> None:
    await _none_of_id(call, request)


@operation("DeleteBucketMetadataConfiguration", partial=NOTHING_TO_DELETE)
async def delete_bucket_metadata_configuration(call: S3Call, request: Request) -> None:
    await _absent(call, request, MetadataConfigurationNotFound)


@operation("DeleteBucketMetadataTableConfiguration", partial=NOTHING_TO_DELETE)
async def delete_bucket_metadata_table_configuration(call: S3Call, request: Request) -> None:
    await _absent(call, request, MetadataConfigurationNotFound)
