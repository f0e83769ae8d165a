"""Version ids. Until versioning is here a bucket holds one version of each key, named "null"."""

from __future__ import annotations

import re

from cloudling.services.s3.errors import InvalidArgument

NULL = "null"
_FORM = re.compile(r"[A-Za-z0-9._]{32}")


def check(version: str | None) -> bool:
    """Whether a request means the object there is; False for a version that cannot exist.

    What has not the form of a version id is refused.
    """
    if version is None or version == NULL:
        return True
    if version == "":
        raise InvalidArgument(
            "Version id cannot be the empty string", ArgumentName="versionId", ArgumentValue=""
        )
    if _FORM.fullmatch(version) is None:
        raise InvalidArgument(
            "Invalid version id specified", ArgumentName="versionId", ArgumentValue=version
        )
    return False


def told(version: str | None) -> dict[str, str]:
    """An unversioned bucket tells the version only to who asked by it."""
    return {} if version is None else {"VersionId": version}
