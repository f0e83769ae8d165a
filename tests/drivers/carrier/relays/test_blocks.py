"""Which /16 a cloud gets, and that no two running clouds have the same."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from cloudling.drivers.carrier.relays import blocks

if TYPE_CHECKING:
    from pathlib import Path


def test_a_cloud_keeps_its_block(tmp_path: Path) -> None:
    first = blocks.hold(tmp_path)
    first.let_go()
    again = blocks.hold(tmp_path)
    again.let_go()
    assert again.network == first.network
    assert again.previous == ""
    assert (tmp_path / "public-addresses").read_text() == f"{first.network}\n"
    assert 10 <= first.number <= 99


def test_a_block_that_another_cloud_holds_is_not_taken(tmp_path: Path) -> None:
    one = blocks.hold(tmp_path)
    other = blocks.hold(tmp_path)
    try:
        assert other.number != one.number
        assert other.previous == one.network
        assert blocks.moved(f"127.{one.number}.7.5", other.network) == f"127.{other.number}.7.5"
    finally:
        one.let_go()
        other.let_go()
    after = blocks.hold(tmp_path)
    after.let_go()
    # What was taken instead is kept from then on: the addresses have changed once.
    assert after.network == other.network
    assert after.previous == ""


def test_a_cloud_in_memory_takes_a_free_one() -> None:
    held = [blocks.hold(None) for _ in range(3)]
    try:
        assert len({each.number for each in held}) == 3
    finally:
        for each in held:
            each.let_go()


@pytest.mark.parametrize("text", ["", "127.9.0.0/16", "10.0.0.0/16", "127.100.0.0/16", "\xff"])
def test_a_file_that_names_no_block_is_written_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "public-addresses").write_text(text)
    held = blocks.hold(tmp_path)
    held.let_go()
    assert (tmp_path / "public-addresses").read_text() == f"{held.network}\n"
    assert held.previous == ""


def test_when_all_are_held_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "NUMBERS", range(99, 100))
    monkeypatch.setattr(blocks, "_LOCK", f"\0test/{tmp_path}/{{}}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as taken:
        taken.bind(f"\0test/{tmp_path}/99")
        with pytest.raises(OSError, match="Stop one of them"):
            blocks.hold(tmp_path)
