"""`Expect: 100-continue` where there is nothing to continue with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.raw import Draft, ask, signed

if TYPE_CHECKING:
    from cloudling.testing import RunningCloud


@pytest.mark.parametrize("body", [b"", b"x"])
def test_no_answer_without_invitation_leaves_the_line_open(
    cloud: RunningCloud, body: bytes
) -> None:
    ask(cloud.port, signed(Draft("PUT", b"/expect")))
    headers = [(b"expect", b"100-continue"), (b"content-length", b"%d" % len(body))]
    answer = ask(cloud.port, signed(Draft("PUT", b"/expect/key", headers=headers, body=body)))
    assert answer.status == 200
    # The CLI's botocore (version 1) takes the next answer on such a line for a part of this one.
    assert (answer.headers.get("connection") == "close") is (body == b"")
