"""Which service a head means, and whose words it is refused in."""

from __future__ import annotations

import pytest

from cloudling.gateway.route import Target


@pytest.mark.parametrize(
    ("protocol", "dialect"),
    [("rest-xml", "s3"), ("query", "query"), ("json", "json"), ("rest-json", "json")],
)
def test_every_protocol_has_words_for_refusals(protocol: str, dialect: str) -> None:
    assert Target("any", protocol).dialect == dialect
