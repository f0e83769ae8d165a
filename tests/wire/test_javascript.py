"""The AWS SDK for JavaScript v3 on Node, in path style and in virtual-host style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.wire.programs import STORIES, find_program, require_installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wire.programs import Program

PACKAGES = ("@aws-sdk/client-s3", "@aws-sdk/client-sts", "@aws-sdk/lib-storage")


def test_javascript(program: Callable[..., Program]) -> None:
    node = find_program("node")
    install = [find_program("npm"), "install", "--no-audit", "--no-fund", *PACKAGES]
    modules = require_installed("javascript", install) / "node_modules"
    told = program(node, NODE_PATH=str(modules)).print(STORIES / "javascript_story.cjs")
    assert told == "done"
