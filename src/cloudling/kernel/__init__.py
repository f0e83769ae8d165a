"""What every service stands on: calls, collections, errors, the pipeline."""

from cloudling.kernel.access import Need, access, pass_role
from cloudling.kernel.call import Call
from cloudling.kernel.collections import collection
from cloudling.kernel.errors import AwsError
from cloudling.kernel.operations import operation
from cloudling.store.blobs import BlobRef, BlobWriter, SmallBlob
from cloudling.store.collections import Collection
from cloudling.store.records import Record

__all__ = [
    "AwsError",
    "BlobRef",
    "BlobWriter",
    "Call",
    "Collection",
    "Need",
    "Record",
    "SmallBlob",
    "access",
    "collection",
    "operation",
    "pass_role",
]
