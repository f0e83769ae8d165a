"""`cloudling explain`: why the last call was denied, and what would allow it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse

    from cloudling.cli.cloud import Cloud

Json = dict[str, Any]
_INDENT = " " * 10
_SECURE = "aws:securetransport"
_RESTRICTED = "RestrictPublicBuckets"


def run(given: argparse.Namespace) -> int:
    records = _ask(find(given), given)
    if not records:
        raise UserError(_nothing(given))
    if given.json:
        print("\n".join(json.dumps(record) for record in records))
    else:
        print("\n\n".join(tell(record) for record in reversed(records)))
    return 0


def _ask(cloud: Cloud, given: argparse.Namespace) -> list[Json]:
    if given.id:
        asked = {"id": given.id}
    else:
        asked = {"last": str(given.last), "principal": given.principal or ""}
        if given.allowed:
            asked["allowed"] = "1"
    answer = cloud.admin("GET", f"/_cloudling/decisions?{urlencode(asked)}")
    return [json.loads(line) for line in answer.body.splitlines()]


def _nothing(given: argparse.Namespace) -> str:
    if given.id:
        return (
            "No denial has this authorization ID, request id or encoded message. The last 10,000 "
            "are kept; `cloudling explain --last 10` shows some."
        )
    of = f" of {given.principal}" if given.principal else ""
    what = "allowed" if given.allowed else "denied"
    return f"No call{of} was {what} since this cloud's data began, as far as it remembers."


def tell(record: Json) -> str:
    """One decision for people: what was asked, what decided, and what would help."""
    moment = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(record["at"]))
    lines = [
        f"{record['outcome'].upper()}  {record['action']} on {record['resource']}",
        f"  who     {record['principal']}",
        f"  when    {moment}, by {record['service']}:{record['operation']} in {record['region']}",
        f"  ids     request {record['request_id']}"
        + (f", authorization {record['id']}" if record["id"] else ""),
        *_why(record),
        *_checked(record),
    ]
    if record["outcome"] != "allowed":
        lines += _remedy(record)
    return "\n".join(lines)


def _why(record: Json) -> list[str]:
    deciding = record["deciding"]
    kind = deciding.get("policyType") or ""
    if deciding.get("absent"):
        return [f"  why     there is no such {deciding['absent']}"]
    if "statement" in deciding:
        verb = "denies" if record["explicit"] else "allows"
        lines = [f"  why     {_statement(deciding)} of {_named(deciding, kind)} {verb} it:"]
        return lines + _indented(deciding["statement"])
    if not kind:
        return ["  why     the account's root may do everything that nothing denies"]
    return [f"  why     no {kind} allows it"]


def _statement(found: Json) -> str:
    sid = f' "{found["sid"]}"' if found.get("sid") else ""
    return f"statement {found['statementNumber']}{sid}"


def _named(found: Json, kind: str) -> str:
    name = found.get("policyArn") or found.get("policy")
    article = "an" if kind.startswith("identity") else "a"
    return f"{article} {kind} ({name})" if name else f"{article} {kind}"


def _checked(record: Json) -> list[str]:
    lines = []
    for number, check in enumerate(record["checks"]):
        matched = dict.fromkeys(f"{one['effect']} by {_of(one)}" for one in check["matched"])
        looked = ", ".join(dict.fromkeys(check["policies"]))
        found = ", ".join(matched) or "nothing matched"
        if not matched and looked:
            found += f" (looked at: {looked})"
        start = "  checks  " if number == 0 else _INDENT
        lines.append(f"{start}{check['policyType']}: {check['result']}; {found}")
        refusing = (", ".join(level) for level in check.get("refusing", ()))
        lines += [f"{_INDENT}  a level refuses that has only {names}" for names in refusing]
        for near in check.get("nearly", ()):
            unmet = "; ".join(map(_unmet, near["unmet"]))
            lines.append(f"{_INDENT}  nearly {_of(near)}: {unmet}")
    return lines


def _of(one: Json) -> str:
    name = one["policyArn"] or one["policy"]
    return _statement(one) + (f" of {name}" if name else "")


def _unmet(unmet: Json) -> str:
    wanted = json.dumps(unmet["wanted"])
    if unmet["element"] != "Condition":
        return f"its {unmet['element']} is {wanted}"
    given = unmet["given"]
    told = "the call has none" if given in (None, []) else f"the call has {json.dumps(given)}"
    return f"{unmet['operator']} wants {unmet['key']} {wanted}, and {told}"


def _remedy(record: Json) -> list[str]:
    lines: list[str] = []
    if record["explicit"]:
        lines = _after_denial(record)
    pairs = zip(record["wanting"], record.get("remedies", ()), strict=False)
    for number, (kind, statement) in enumerate(pairs):
        if number == 0 and not record["explicit"]:
            otherwise = "call so that a statement above fits, or " if _nearly(record, kind) else ""
            lines.append(f"  remedy  {otherwise}add to {_place(kind)}:")
        else:
            lines.append(f"  but     the {kind} would still refuse it; add to {_place(kind)}:")
        lines += _indented(statement)
    if _asks_for_tls(record):
        lines.append(
            f"{_INDENT}or count plain loopback as TLS: start the cloud with "
            "--loopback-counts-as-tls"
        )
    return lines


def _nearly(record: Json, kind: str) -> bool:
    """Is a statement of that type's kept from applying by its Condition alone?"""
    return any(
        all(unmet["element"] == "Condition" for unmet in near["unmet"])
        for check in record["checks"]
        if check["policyType"] == kind
        for near in check.get("nearly", ())
    )


def _after_denial(record: Json) -> list[str]:
    deciding = record["deciding"]
    if deciding.get("sid") == _RESTRICTED:
        return [
            "  remedy  make the bucket's policy less than public, or turn RestrictPublicBuckets "
            "off in its public access block"
        ]
    otherwise = "call so that its Condition does not hold, or "
    if "Condition" not in deciding["statement"]:
        otherwise = ""
    lines = [
        f"  remedy  {otherwise}change or remove that statement: no other policy can outweigh it"
    ]
    others = [
        f"{_of(one)} ({check['policyType']})"
        for check in record["checks"]
        for one in check["matched"]
        if one["effect"] == "Deny" and not _is_deciding(check, one, deciding)
    ]
    if others:
        lines.append(f"  but     these deny it as well: {', '.join(dict.fromkeys(others))}")
    return lines


def _is_deciding(check: Json, one: Json, deciding: Json) -> bool:
    same = all(one[key] == deciding[key] for key in ("policy", "policyArn", "statementNumber"))
    return same and check["policyType"] == deciding["policyType"]


def _asks_for_tls(record: Json) -> bool:
    """Would it have been allowed over TLS, and did it come over this machine's own plain line?"""
    asking = [
        unmet
        for check in record["checks"]
        for near in check.get("nearly", ())
        for unmet in near["unmet"]
    ]
    if record["explicit"]:
        asking = [record["deciding"]]
    return record["plain_loopback"] and _SECURE in json.dumps(asking).lower()


def _place(kind: str) -> str:
    places = {
        "identity-based policy": "a policy of the caller",
        "resource-based policy": "the resource's own policy",
        "role trust policy": "the role's trust policy",
        "permissions boundary": "the caller's permissions boundary",
        "session policy": "the session's policy",
        "service control policy": "a service control policy at each level that refuses",
        "resource control policy": "a resource control policy at each level that refuses",
    }
    return places[kind]


def _indented(value: Json) -> list[str]:
    return [_INDENT + line for line in json.dumps(value, indent=2).splitlines()]
