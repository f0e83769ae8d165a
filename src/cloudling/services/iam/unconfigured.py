"""Reads of what no user can have yet: they answer as AWS does of a user who has none.

Who deletes a user with all that belongs to them, as Terraform's `force_destroy` does, asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.services.iam import users

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]


@operation("ListSSHPublicKeys", partial="no SSH public key can be uploaded yet")
async def list_ssh_public_keys(call: IamCall, request: Request) -> Request:
    await users.named_or_caller(call, request)
    return {"SSHPublicKeys": [], "IsTruncated": False}


@operation("ListSigningCertificates", partial="no signing certificate can be uploaded yet")
async def list_signing_certificates(call: IamCall, request: Request) -> Request:
    await users.named_or_caller(call, request)
    return {"Certificates": [], "IsTruncated": False}


@operation(
    "ListServiceSpecificCredentials", partial="no service-specific credential can be made yet"
)
async def list_service_specific_credentials(call: IamCall, request: Request) -> Request:
    if not request.get("AllUsers"):
        await users.named_or_caller(call, request)
    return {"ServiceSpecificCredentials": [], "IsTruncated": False}
