"""Encoded authorization messages: a decision sealed into text that only this cloud can read.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from cloudling.kernel.sealing import Broken, Seal

if TYPE_CHECKING:
    from cloudling.kernel.decisions.records import DecisionRecord

Json = dict[str, Any]
_LARGEST = 1 << 20


class NotReadable(Exception):
    """The message was not made here, or was changed."""


class Messages:
    """Seals what AWS documents of a denial, and opens it again."""

    def __init__(self, key: bytes) -> None:
        self._seal = Seal(key)

    def seal(self, record: DecisionRecord) -> str:
        """The message of a denial."""
        plain = json.dumps([record.account, record.id, document(record)]).encode()
        return self._seal.write(zlib.compress(plain, 9))

    def open(self, message: str) -> tuple[str, str, Json]:
        """The account, authorization ID and document of a message; raises NotReadable."""
        try:
            packed = self._seal.read(message)
        except Broken as fault:
            raise NotReadable from fault
        account, name, found = json.loads(zlib.decompressobj().decompress(packed, _LARGEST))
        return account, name, found


def document(record: DecisionRecord) -> Json:
    """A denial as DecodeAuthorizationMessage tells it."""
    evaluation = record.details["evaluations"][-1]
    conditions = {**record.details["requestContext"], **evaluation["context"]}
    principal = {"id": record.unique_id, "arn": record.principal}
    kind, _, name = record.principal.rpartition(":")[2].partition("/")
    if kind == "user":
        principal["name"] = name.rpartition("/")[2]
    return {
        "allowed": False,
        "explicitDeny": record.explicit,
        "matchedStatements": {"items": _statements(record) if record.explicit else []},
        "failures": {"items": []},
        "context": {
            "principal": principal,
            "action": record.action,
            "resource": record.resource,
            "conditions": {"items": [_condition(*each) for each in conditions.items()]},
        },
    }


def _condition(key: str, value: str | list[str]) -> Json:
    return {"key": key, "values": _items([value] if isinstance(value, str) else value)}


def _items(values: list[str]) -> Json:
    return {"items": [{"value": value} for value in values]}


def _statements(record: DecisionRecord) -> list[Json]:
    statement = record.deciding.get("statement") or {}
    conditions = [
        {"key": key, "values": _items(_listed(values))}
        for keys in (statement.get("Condition") or {}).values()
        for key, values in keys.items()
    ]
    return [
        {
            "statementId": statement.get("Sid", ""),
            "effect": "DENY",
            "principals": _items([record.unique_id]),
            "principalGroups": {"items": []},
            "actions": _items(_listed(statement.get("Action", []))),
            "resources": _items(_listed(statement.get("Resource", []))),
            "conditions": {"items": conditions},
        }
    ]


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
