"""`Expect: 100-continue` where there is nothing to continue with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.raw import Draft, ask, signed

if TYPE_CHECKING:
    from cloudling.testing import RunningCloud


@pytest.mark.parametrize("body", [b"", b"x"])
def test_who_asks_whether_to_go_on_is_told_even_without_a_body(
    cloud: RunningCloud, body: bytes
) -> None:
    ask(cloud.port, signed(Draft("PUT", b"/expect")))
    headers = [(b"expect", b"100-continue"), (b"content-length", b"%d" % len(body))]
    answer = ask(cloud.port, signed(Draft("PUT", b"/expect/key", headers=headers, body=body)))
    assert answer.status == 200
    assert "connection" not in answer.headers
