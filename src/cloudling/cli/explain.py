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
        matched = ", ".join(
            f"{one['effect']} by {_statement(one)}"
            + (f" of {one['policyArn'] or one['policy']}" if one["policy"] else "")
            for one in check["matched"]
        )
        looked = ", ".join(check["policies"]) or ("itself" if check["matched"] else "none")
        found = matched or f"nothing matched (looked at: {looked})"
        start = "  checks  " if number == 0 else _INDENT
        lines.append(f"{start}{check['policyType']}: {check['result']}; {found}")
    return lines


def _remedy(record: Json) -> list[str]:
    wanting, deciding = record["wanting"], record["deciding"]
    lines: list[str] = []
    if record["explicit"]:
        lines.append("  remedy  change or remove that statement: no other policy can outweigh it")
        if record["plain_loopback"] and _SECURE in json.dumps(deciding).lower():
            lines.append(
                f"{_INDENT}or count plain loopback as TLS: start the cloud with "
                "--loopback-counts-as-tls"
            )
    elif wanting:
        lines.append(f"  remedy  add to {_place(wanting[0])}:")
        lines += _indented(smallest(record, wanting[0]))
        wanting = wanting[1:]
    for kind in wanting:
        lines.append(f"  but     the {kind} would still refuse it: it has to allow it as well")
    return lines


def _place(kind: str) -> str:
    places = {
        "identity-based policy": "a policy of the caller",
        "resource-based policy": "the resource's own policy",
        "role trust policy": "the role's trust policy",
        "permissions boundary": "the caller's permissions boundary",
        "session policy": "the session's policy",
        "service control policy": "a service control policy at each level above the account",
        "resource control policy": "a resource control policy at each level above the resource",
    }
    return places[kind]


def smallest(record: Json, kind: str) -> Json:
    """The statement that would supply what was missing, and nothing else."""
    found: Json = {"Effect": "Allow", "Action": record["action"]}
    if kind in ("resource-based policy", "role trust policy"):
        found = {"Effect": "Allow", "Principal": {"AWS": _principal(record)}, **found}
    return found if kind == "role trust policy" else found | {"Resource": record["resource"]}


def _principal(record: Json) -> str:
    told = record["details"]["requestContext"].get("aws:PrincipalArn")
    return str(told or record["principal"])


def _indented(value: Json) -> list[str]:
    return [_INDENT + line for line in json.dumps(value, indent=2).splitlines()]
