"""What goes over the wires of services that speak JSON, both ways."""

from __future__ import annotations

import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudling.gateway.protocols import codecs, json_rpc
from cloudling.gateway.protocols.json_reading import SerializationException
from cloudling.gateway.protocols.wire import WireRequest
from cloudling.kernel.errors import AccessDenied, AwsError, InternalFailure, NotImplementedHere
from cloudling.models import loader
from cloudling.models.loader import Model

KINDS = ("string", "boolean", "integer", "long", "double", "blob", "timestamp")
MEMBERS = {
    "structure": {"type": "structure", "members": {each: {"shape": each} for each in KINDS}},
    "strings": {"type": "list", "member": {"shape": "string"}},
    "sparse": {"type": "list", "sparse": True, "member": {"shape": "string"}},
    "map": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "integer"}},
    "loose": {
        "type": "map", "sparse": True, "key": {"shape": "string"}, "value": {"shape": "integer"},
    },
    "document": {"type": "structure", "document": True, "members": {}},
    **{each: {"type": each} for each in KINDS},
}  # fmt: skip
OF_ALL = {"type": "structure", "members": {each: {"shape": each} for each in MEMBERS}}
ALL = {**MEMBERS, "All": OF_ALL}
MODEL = Model(
    "json test",
    {
        "metadata": {"protocol": "json", "jsonVersion": "1.1", "targetPrefix": "Test_1"},
        "operations": {"Do": {"input": {"shape": "All"}, "output": {"shape": "All"}}, "Rest": {}},
        "shapes": {
            **ALL,
            "Gone": {"type": "structure", "exception": True, "members": {"Message": {}}},
            "Broken": {"type": "structure", "exception": True, "fault": True, "members": {}},
            "Odd": {
                "type": "structure",
                "exception": True,
                "error": {"httpStatusCode": 409},
                "members": {"message": {}},
            },
        },
    },
    "json codecs test",
)


def parsed(body: bytes, operation: str = "Do") -> dict[str, Any]:
    return codecs.codec(MODEL, operation, "json").parse(WireRequest(body=body))


def written(**result: Any) -> Any:
    status, headers, body = codecs.codec(MODEL, "Do", "json").serialize(result, "R")
    assert status == 200
    assert headers == [
        ("x-amzn-RequestId", "R"), ("Content-Type", "application/x-amz-json-1.1")
    ]  # fmt: skip
    assert isinstance(body, bytes)
    return json.loads(body)


def failed(error: AwsError, model: Model = MODEL) -> tuple[int, dict[str, str], Any]:
    status, headers, body = codecs.failing(model, "json")(error, "R")
    assert isinstance(body, bytes)
    return status, dict(headers), json.loads(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"", {}),
        (b"{}", {}),
        (b'{"unknown": [1], "__type": "x", "string": null}', {}),
        ('{"string": "ü\\u0000"}'.encode(), {"string": "ü\0"}),
        (b'{"integer": 3.0, "long": 9223372036854775807}', {"integer": 3, "long": 2**63 - 1}),
        (b'{"double": 3, "boolean": false}', {"double": 3.0, "boolean": False}),
        (b'{"double": "-Infinity"}', {"double": -math.inf}),
        (b'{"blob": "AAE="}', {"blob": b"\0\1"}),
        (b'{"timestamp": 1.5E9}', {"timestamp": 1_500_000_000}),
        (b'{"timestamp": 1500000000.125}', {"timestamp": 1_500_000_000.125}),
        (b'{"timestamp": "2017-07-14T02:40:00Z"}', {"timestamp": 1_500_000_000}),
        (b'{"sparse": ["a", null]}', {"sparse": ["a", None]}),
        (b'{"map": {"a": 1, "b": null}}', {"map": {"a": 1}}),
        (b'{"loose": {"a": 1, "b": null}}', {"loose": {"a": 1, "b": None}}),
        (b'{"document": [{"any": null}]}', {"document": [{"any": None}]}),
        (b'{"structure": {"string": "s"}}', {"structure": {"string": "s"}}),
    ],
)
def test_what_is_understood(body: bytes, value: Any) -> None:
    assert parsed(body) == value


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{", ""),
        (b"text", ""),
        (b"\xff", ""),
        (b'{"string": "\\ud800"}', ""),
        (b'{"string": NaN}', ""),
        (b'{"document":' + b"[" * 150 + b"]" * 150 + b"}", ""),
        (b"[" * 5000, ""),
        (b'{"blob": "A"}', ""),
        (b'{"timestamp": "tomorrow"}', ""),
        (b'{"timestamp": 1e300}', ""),
        (b"null", "Unexpected field type"),
        (b"[]", "Start of list found where not expected"),
        (b'{"string": 1}', "NUMBER_VALUE can not be converted to a String"),
        (b'{"string": 1.5}', "DECIMAL_VALUE can not be converted to a String"),
        (b'{"string": true}', "TRUE_VALUE can not be converted to a String"),
        (b'{"string": {}}', "Start of structure or map found where not expected."),
        (b'{"string": []}', "Start of list found where not expected."),
        (b'{"integer": "1"}', "STRING_VALUE can not be converted to an Integer"),
        (b'{"integer": 2147483648}', "NUMBER_VALUE can not be converted to an Integer"),
        (b'{"integer": false}', "FALSE_VALUE can not be converted to an Integer"),
        (b'{"long": 99999999999999999999}', "NUMBER_VALUE can not be converted to a Long"),
        (b'{"double": "x"}', "STRING_VALUE can not be converted to a Double"),
        (b'{"boolean": 0}', "NUMBER_VALUE can not be converted to a Boolean"),
        (b'{"blob": 1}', "NUMBER_VALUE can not be converted to a Blob"),
        (b'{"timestamp": true}', "TRUE_VALUE can not be converted to a Date"),
        (b'{"strings": "a"}', "Expected list or null"),
        (b'{"strings": {}}', "Start of structure or map found where not expected."),
        (b'{"strings": [null]}', "NULL_VALUE can not be converted to a String"),
        (b'{"map": 1}', "Unexpected field type"),
        (b'{"structure": []}', "Start of list found where not expected"),
    ],
)
def test_what_is_refused(body: bytes, text: str) -> None:
    with pytest.raises(SerializationException) as refused:
        parsed(body)
    assert refused.value.text == text
    status, _, told = failed(refused.value)
    assert status == 400
    assert told == {"__type": "SerializationException", **({"Message": text} if text else {})}


def test_operations_without_members_still_read_the_body() -> None:
    assert parsed(b'{"any": 1}', "Rest") == {}
    with pytest.raises(SerializationException):
        parsed(b"[", "Rest")
    assert codecs.codec(MODEL, "Rest", "json").serialize({}, "R")[2] == b"{}"


def test_what_is_written() -> None:
    result = {
        "string": "s\ud800", "blob": b"\0", "timestamp": 1.2345, "double": math.nan, "long": None,
        "map": {"a": 1}, "sparse": [None], "unknown": 1, "structure": {"timestamp": 2.0},
    }  # fmt: skip
    assert written(**result) == {
        "string": "s?", "blob": "AA==", "timestamp": 1.234, "double": "NaN", "map": {"a": 1},
        "sparse": [None], "structure": {"timestamp": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (AwsError("no", code="Gone"), 400, {"__type": "Gone", "Message": "no"}),
        (
            AwsError("no", code="Gone", Why="x"),
            400,
            {"__type": "Gone", "Message": "no", "Why": "x"},
        ),
        (AwsError("no", code="Broken"), 500, {"__type": "Broken", "message": "no"}),
        (AwsError("no", code="Odd"), 409, {"__type": "Odd", "message": "no"}),
        (AwsError("no", code="New"), 400, {"__type": "New", "message": "no"}),
        (AccessDenied("no"), 400, {"__type": "AccessDeniedException", "Message": "no"}),
        (NotImplementedHere("no"), 501, {"__type": "NotImplemented", "message": "no"}),
        (InternalFailure("no"), 500, {"__type": "InternalFailure", "message": "no"}),
    ],
)
def test_errors(error: AwsError, status: int, told: Any) -> None:
    found = failed(error)
    assert (found[0], found[2]) == (status, told)
    assert found[1]["x-amzn-RequestId"] == "R"


def test_codes_of_the_query_protocol_stay_known() -> None:
    shape = {"type": "structure", "exception": True, "members": {"message": {}}}
    old = {"code": "AWS.Gone", "httpStatusCode": 404, "senderFault": True}
    data = {
        "metadata": {"protocol": "json", "awsQueryCompatible": {}},
        "operations": {},
        "shapes": {"Gone": {**shape, "error": old}, "New": shape},
    }
    model = Model("compatible", data, "json codecs compatible")
    for code in ("Gone", "AWS.Gone"):
        status, headers, told = failed(AwsError("no", code=code), model)
        assert (status, told["__type"]) == (400, "Gone")
        assert headers["x-amzn-query-error"] == "AWS.Gone;Sender"
    assert "x-amzn-query-error" not in failed(AwsError("no", code="New"), model)[1]


@pytest.mark.parametrize(
    "target", ["", "Do", "Test_1.", "Test_1.Nothing", "Other.Do", "Test_1.Do.x"]
)
def test_targets_that_name_nothing(target: str) -> None:
    assert json_rpc.operation_in({"x-amz-target": "Test_1.Do"}, MODEL) == "Do"
    with pytest.raises(json_rpc.UnknownOperationException) as refused:
        json_rpc.operation_in({"x-amz-target": target}, MODEL)
    assert failed(refused.value)[2] == {"__type": "UnknownOperationException"}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*MEMBERS, "a"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(ANYTHING)
def test_no_tree_breaks_the_reader(tree: Any) -> None:
    try:
        body = json.dumps(tree, allow_nan=False).encode()
    except ValueError:
        return
    with contextlib.suppress(SerializationException):
        assert isinstance(parsed(body), dict)


@pytest.mark.parametrize("operation", list(loader.load("organizations").operations))
def test_nothing_of_organizations_takes_a_list(operation: str) -> None:
    codec = codecs.codec(loader.load("organizations"), operation, "json")
    with pytest.raises(SerializationException):
        codec.parse(WireRequest(body=b"[]"))
