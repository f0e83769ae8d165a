"""Which dates IAM takes in policies, as recorded in public test cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel.authorize.moments import format_date, parse_date


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01T00:00:00Z", 0.0),
        ("1970-01-01", 0.0),
        ("1970", 0.0),
        ("1970-02", 31 * 86400.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-01t00:00:00.5Z", 0.5),
        ("1969-12-31T23:00:00-01", 0.0),
        ("86400", 86400.0),
        ("-1", -1.0),
    ],
)
def test_dates(text: str, moment: float) -> None:
    assert parse_date(text) == moment


@pytest.mark.parametrize("text", ["01T", "-292275054", "2016-12-13t2:00:00.593194+23"])
def test_odd_dates_that_are_taken(text: str) -> None:
    assert parse_date(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "234-13",
        "2016-12-13t2:00:00.593194+1",
        "2016-12-13t2:00:00.1999999999+10:59",
        "9223372036854775808",
        "2019-02-30",
        "2019-01-01T25:00:00Z",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


@given(st.text("0123456789-:.TZ+", max_size=24))
def test_no_text_breaks_the_parser(text: str) -> None:
    assert parse_date(text) is None or isinstance(parse_date(text), float)


@given(st.integers(0, 4_000_000_000))
def test_what_is_written_is_read(moment: int) -> None:
    assert parse_date(format_date(moment)) == moment
