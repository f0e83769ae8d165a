"""botocore's own protocol cases, read the other way round: what its clients send and expect."""

from __future__ import annotations

import json
import math
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit
from xml.etree.ElementTree import Element, fromstring

import pytest

from cloudling.gateway.protocols import codecs, json_rpc, rest
from cloudling.gateway.protocols.text import read_time
from cloudling.gateway.protocols.wire import WireRequest
from cloudling.kernel.errors import AwsError
from cloudling.models.loader import Model, Shape

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "conformance"))
from run_botocore_protocols import Case, load  # noqa: E402 - the runner lies outside the package

SUITE = ROOT / "build" / "suites" / "botocore"
# The suite's files, by which its cases are named, and the wire protocol of each.
PROTOCOLS = {"ec2": "ec2", "json": "json", "json_1_0": "json", "json_1_0-query-compatible": "json",
             "query": "query", "rest-xml": "rest-xml"}  # fmt: skip
EQUIVALENT = tomllib.loads((Path(__file__).parent / "equivalent_wires.toml").read_text())
COUNTS = {
    ("ec2", "input"): 21, ("ec2", "output"): 26, ("ec2", "error"): 1,
    ("json", "input"): 50, ("json", "output"): 46, ("json", "error"): 6,
    ("json_1_0", "input"): 18, ("json_1_0", "output"): 20, ("json_1_0", "error"): 6,
    ("json_1_0-query-compatible", "input"): 1, ("json_1_0-query-compatible", "error"): 2,
    ("query", "input"): 32, ("query", "output"): 34, ("query", "error"): 2,
    ("rest-xml", "input"): 82, ("rest-xml", "output"): 71, ("rest-xml", "error"): 1,
}  # fmt: skip


def cases() -> list[Case]:
    if not (SUITE / "tests").exists():
        return []
    return [case for case in load(SUITE) if case.protocol in PROTOCOLS]


CASES = cases()
pytestmark = pytest.mark.skipif(
    not CASES, reason="botocore's sources are not in build/suites/botocore: `make conformance`"
)


def of_kind(kind: str) -> Any:
    chosen = [case for case in CASES if case.kind == kind]
    return pytest.mark.parametrize("case", chosen, ids=lambda case: case.id)


def model(case: Case) -> Model:
    data = {**case.service, "metadata": dict(case.service["metadata"])}
    if (
        case.protocol in ("ec2", "query") and case.kind == "output"
    ):  # the cases' own namespace, left out of their metadata
        data["metadata"].setdefault("xmlNamespace", "https://example.com/")
    return Model(f"case {case.id}", data, f"{case.id} {hash(str(case.service))}")


def value(model: Model, shape: Shape, given: Any) -> Any:
    """A case's value as our operations see it."""
    if given is None:
        return None
    if shape.get("document"):
        return given
    if shape.type == "structure":
        members = dict(model.members(shape))
        return {
            name: value(model, members[name], each)
            for name, each in given.items()
            if each is not None
        }
    if shape.type == "list":
        return [value(model, model.shape(shape.own["member"]), each) for each in given]
    if shape.type == "map":
        of = model.shape(shape.own["value"])
        return {key: value(model, of, each) for key, each in given.items()}
    return scalar(shape.type, given)


def scalar(kind: str, given: Any) -> Any:
    if kind == "blob":
        return given.encode()
    if kind in ("float", "double"):
        return float(given)
    return read_time(given) if kind == "timestamp" and isinstance(given, str) else given


def comparable(given: Any) -> Any:
    """NaN differs from itself; elsewhere values compare as they are, with their types."""
    if isinstance(given, dict):
        return {key: comparable(each) for key, each in given.items()}
    if isinstance(given, list):
        return [comparable(each) for each in given]
    if isinstance(given, float) and math.isnan(given):
        return "NaN"
    return (bool, given) if isinstance(given, bool) else given


def request(case: Case, model: Model) -> WireRequest:
    target = urlsplit(case.wire.uri)
    decode = unquote if case.protocol == "rest-xml" else unquote_plus
    pairs = [each.partition("=") for each in target.query.split("&") if each]
    made = WireRequest(
        method=case.wire.method,
        query=[(decode(name), decode(text)) for name, _, text in pairs],
        headers={name.lower(): text for name, text in case.wire.headers.items()},
        body=case.wire.body,
    )
    if case.protocol == "rest-xml":
        operation, made.labels = rest.match(
            model, case.wire.method, target.path.encode(), made.query, made.headers
        )
        assert operation == case.operation
    if "x-amz-target" in made.headers:
        assert json_rpc.operation_in(made.headers, model) == case.operation
    return made


@of_kind("input")
def test_what_a_client_sends_is_understood(case: Case) -> None:
    described = model(case)
    shape = described.input(case.operation)
    expected = value(described, shape, case.value) if shape is not None else {}
    if case.id in EQUIVALENT:
        expected = EQUIVALENT[case.id]["value"]
    codec = codecs.codec(described, case.operation, PROTOCOLS[case.protocol])
    assert comparable(codec.parse(request(case, described))) == comparable(expected)


@of_kind("output")
def test_what_is_answered_is_what_a_client_reads(case: Case) -> None:
    described = model(case)
    shape = described.output(case.operation)
    result = value(described, shape, case.value) if shape is not None else {}
    codec = codecs.codec(described, case.operation, PROTOCOLS[case.protocol])
    status, headers, body = codec.serialize(result, request_id(case))
    assert isinstance(body, bytes)
    assert status == case.wire.status
    check_headers(case, headers)
    check_body(case, body)


def refused(case: Case) -> AwsError:
    """The case's error as an operation raises it: its text apart from its other members."""
    fields = {name: of for name, of in (case.value or {}).items() if name.lower() != "message"}
    return AwsError(case.message, code=case.code, **fields)


@of_kind("error")
def test_errors_are_answered_as_a_client_reads_them(case: Case) -> None:
    described = model(case)
    fail = codecs.codec(described, case.operation, PROTOCOLS[case.protocol]).fail
    status, headers, body = fail(refused(case), "foo-id")
    assert isinstance(body, bytes)
    assert status == case.wire.status
    check_headers(case, headers)
    check_body(case, body)


def request_id(case: Case) -> str:
    return case.wire.headers.get("X-Amzn-Requestid", "foo-id")


def check_headers(case: Case, headers: list[tuple[str, str]]) -> None:
    found = {name.lower(): text for name, text in headers}
    has_body = bool(case.wire.body.strip())
    for name, text in EQUIVALENT.get(case.id, {}).get("headers", case.wire.headers).items():
        if name.lower() != "content-type" or has_body:
            assert found[name.lower()] == text
    for name in case.wire.absent_headers:
        assert name.lower() not in found


def check_body(case: Case, body: bytes) -> None:
    expected = case.wire.body
    if "wire" in EQUIVALENT.get(case.id, {}):
        expected = EQUIVALENT[case.id]["wire"].encode()
    if PROTOCOLS[case.protocol] == "json":
        assert plain_type(json.loads(body)) == plain_type(json.loads(expected or b"{}"))
        return
    if not expected.lstrip().startswith(b"<"):
        assert body == expected
        return
    ours = tree(fromstring(body))  # noqa: S314 - ours
    theirs = tree(fromstring(expected.strip()))  # noqa: S314 - the suite's
    if case.protocol == "query" and case.kind == "output":
        ours[3][:] = [each for each in ours[3] if not each[0].endswith("}ResponseMetadata")]
    if case.protocol == "ec2" and case.kind == "output":
        for found in (ours, theirs):
            found[3][:] = [each for each in found[3] if not each[0].endswith("}requestId")]
    assert ours == theirs


def plain_type(body: Any) -> Any:
    """A body whose `__type` has no namespace and no address, which clients pass over."""
    if isinstance(body, dict) and "__type" in body:
        kind = body["__type"].rpartition("#")[2].partition(":")[0]
        return {**body, "__type": kind}
    return body


def tree(element: Element) -> list[Any]:
    """Tag, attributes, text and children; the space between elements does not count."""
    children = [tree(child) for child in element]
    text = "" if children else element.text or ""
    if text.isspace() and "\n" in text:
        text = ""
    return [element.tag, dict(element.attrib), text, children]


def test_no_case_is_missing() -> None:
    found: dict[tuple[str, str], int] = {}
    for case in CASES:
        found[case.protocol, case.kind] = found.get((case.protocol, case.kind), 0) + 1
    assert found == COUNTS


def test_what_is_equivalent_is_a_case_and_has_a_reason() -> None:
    known = {case.id for case in CASES}
    assert set(EQUIVALENT) <= known
    assert all(entry["reason"] for entry in EQUIVALENT.values())
