"""Users and roles in the policies of roles, buckets and other things: kept by unique id.

AWS turns the ARN of a user or role into its unique id when such a policy is saved, and back when
it is shown. Who is deleted and made again under the same name is somebody else; the policy then
shows the id of the one who is gone. An account's number becomes the ARN of its root.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloudling.kernel import arns, authorize

if TYPE_CHECKING:
    from cloudling.kernel.authorize import Kind, Policy
    from cloudling.kernel.ports import Directory

_UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{16,}")


class UnknownPrincipal(ValueError):
    """A policy names a user or role that does not exist; the text is AWS's."""


async def bound(directory: Directory, policy: Policy, text: str, partition: str = "aws") -> str:
    """The policy's text to keep, with unique ids for ARNs; raises `UnknownPrincipal`."""
    ids = {each: arns.account_root(each, partition) for each in policy.principal_accounts()}
    for name in policy.principal_names():
        if name.startswith("arn:"):
            found = await directory.id_of(name)
        else:
            found = "" if await directory.arn_of(name, partition) else None
        if found is None:
            raise UnknownPrincipal(f'Invalid principal in policy: "AWS":"{name}"')
        if found:
            ids[name] = found
    return authorize.rename_principals(text, ids)


async def shown(directory: Directory, text: str, kind: Kind, partition: str) -> str:
    """A kept policy's text with the ARNs of today; ids of those who are gone stay."""
    if not _UNIQUE_ID.search(text):
        return text
    names: dict[str, str] = {}
    for name in authorize.parse(text, kind).principal_names():
        if _UNIQUE_ID.match(name) and (arn := await directory.arn_of(name, partition)):
            names[name] = arn
    return authorize.rename_principals(text, names)
