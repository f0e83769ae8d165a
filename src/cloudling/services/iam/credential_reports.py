"""The report on all users' credentials, a table in CSV that stands for four hours.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
"""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, operation
from cloudling.services.iam import entities, mfa
from cloudling.services.iam.access_keys import keys_of
from cloudling.services.iam.credentials import key_ring
from cloudling.services.iam.errors import ReportExpired, ReportNotPresent
from cloudling.services.iam.records import CredentialReport

if TYPE_CHECKING:
    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.records import AccessKey, PasswordPolicy, User

Request = dict[str, Any]
LASTS = 4 * 3600
DAY = 86400
_NOT_APPLICABLE = "N/A"
_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
_CERTIFICATES = ["cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"]
_COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{column}" for number in (1, 2) for column in _KEY_COLUMNS),
    *_CERTIFICATES,
]
_NO_CERTIFICATES = ["false", _NOT_APPLICABLE, "false", _NOT_APPLICABLE]


@operation("GenerateCredentialReport")
async def generate_credential_report(call: IamCall, request: Request) -> Request:
    """A report is made once in four hours; it is there at once, but is first said to be started."""
    found, now = await call.credential_reports.get(call.account), call.clock.now()
    if found and now - found.made <= LASTS:
        return {"State": "COMPLETE"}
    content = await _written(call)
    await call.credential_reports.put(
        CredentialReport(account=call.account, made=now, content=content)
    )
    if found:
        return {"State": "STARTED"}
    why = "No report exists. Starting a new report generation task"
    return {"State": "STARTED", "Description": why}


@operation("GetCredentialReport")
async def get_credential_report(call: IamCall, request: Request) -> Request:
    found = await call.credential_reports.get(call.account)
    if found is None:
        raise ReportNotPresent
    if call.clock.now() - found.made > LASTS:
        raise ReportExpired
    return {"Content": found.content, "ReportFormat": "text/csv", "GeneratedTime": found.made}


async def _written(call: IamCall) -> bytes:
    """Root first; lines end in LF, the last one in nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerow(await _root(call))
    policy = await call.password_policies.get(call.account)
    for user in await call.users.page(limit=None):
        writer.writerow(await _user(call, user, policy))
    return text.getvalue().removesuffix("\n").encode()


async def _root(call: IamCall) -> list[str]:
    """Root has no password here, since there is no page to sign in yet."""
    arn = arns.account_root(call.account, call.partition)
    password = ["false", _NOT_APPLICABLE, "not_supported", "not_supported"]
    devices = await call.mfa_devices.find(holder=mfa.ROOT, limit=1)
    keys = await _keys(call, await keys_of(call, ""))
    return ["<root_account>", arn, _date(0), *password, _truth(devices), *keys, *_NO_CERTIFICATES]


async def _user(call: IamCall, user: User, policy: PasswordPolicy | None) -> list[str]:
    profile = await call.login_profiles.get(user.key)
    password = ["false", *[_NOT_APPLICABLE] * 3]
    if profile:
        days = policy.most_days if policy else 0
        due = _date(profile.changed + days * DAY) if days else _NOT_APPLICABLE
        password = ["true", "no_information", _date(profile.changed), due]
    devices = await call.mfa_devices.find(holder=f"user/{user.key}", limit=1)
    return [
        user.name,
        entities.arn(call, "user", user),
        _date(user.created),
        *password,
        _truth(devices),
        *await _keys(call, await keys_of(call, user.key)),
        *_NO_CERTIFICATES,
    ]


async def _keys(call: IamCall, keys: list[AccessKey]) -> list[str]:
    """The columns of both keys, the older one first."""
    told: list[str] = []
    for key in keys:
        used = await key_ring(call).last_uses.find(key.id)
        use = [_date(used.at), used.region, used.service] if used else [_NOT_APPLICABLE] * 3
        told += [_truth(key.active), _date(key.created), *use]
    return told + ["false", *[_NOT_APPLICABLE] * 4] * (2 - len(keys))


def _truth(value: object) -> str:
    return "true" if value else "false"


def _date(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
