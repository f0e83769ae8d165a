"""Where statements stand, and which keys a policy asks for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel.authorize.keys import context_keys
from cloudling.kernel.authorize.positions import Position, spans

LIST = '{"Version": "2012-10-17", "Statement": [{"Sid": "}]"}, {"Sid": "\\"["}]}'


def test_on_one_line() -> None:
    assert spans(LIST) == (
        (Position(1, 41), Position(1, LIST.index("},") + 2)),
        (Position(1, LIST.index("},") + 2), Position(1, len(LIST) - 1)),
    )


def test_one_statement_begins_after_its_brace() -> None:
    assert spans(' {"Statement" : {"Sid":""} ,"Version":"" }') == ((Position(1, 18), (1, 27)),)


@given(
    st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=5), max_size=3), min_size=1),
    st.sampled_from([None, 1, 4]),
)
def test_what_stands_between_is_the_statement(
    statements: list[dict[str, str]], indent: int | None
) -> None:
    text = json.dumps({"Id": "x", "Statement": statements, "Version": "y"}, indent=indent)
    lines = text.split("\n")

    def offset(place: Position) -> int:
        return sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1

    found = [
        json.loads(text[offset(span.start) : offset(span.end)].lstrip(" \n,"))
        for span in spans(text)
    ]
    assert found == statements


@pytest.mark.parametrize(
    ("statement", "keys"),
    [
        (
            {"Resource": ["a${aws:username}", "${*}${aws:UserId, 'x'}"]},
            ["aws:username", "aws:UserId"],
        ),
        ({"NotResource": "${aws:username}${AWS:USERNAME}"}, ["aws:username"]),
        ({"Condition": {"Null": {"aws:TagKeys": True}}}, ["aws:TagKeys"]),
        (
            {"Condition": {"StringLike": {"s3:prefix": ["", "home/${aws:userid}/*"]}}},
            ["s3:prefix", "aws:userid"],
        ),
        ({"Resource": "*"}, []),
    ],
)
def test_keys(statement: dict[str, object], keys: list[str]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    assert context_keys([text, text]) == keys


def test_the_old_version_has_no_variables() -> None:
    text = json.dumps({"Statement": {"Resource": "${aws:username}"}})
    assert context_keys([text]) == []
