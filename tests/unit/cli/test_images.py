"""`cloudling images`: what is listed, what is refused, and that building is told step by step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cloudling.cli import images, main
from cloudling.drivers.roots import host
from cloudling.kernel.machines import Root

if TYPE_CHECKING:
    from pathlib import Path

Output = pytest.CaptureFixture[str]
NAMES = {"amazon-linux-2", "amazon-linux-2023", "ubuntu-22.04", "ubuntu-24.04", "debian-12"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_what_is_not_built_is_listed_as_such(capsys: Output) -> None:
    assert main(["images", "list", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert {each["name"] for each in found} == NAMES
    assert not any(each["ready"] for each in found)


def test_the_table_says_what_each_truly_is() -> None:
    roots = (
        Root(name="debian-12", title="Debian GNU/Linux 12", is_ready=True, size=270_000_000),
        Root(name="ubuntu-24.04", title="Ubuntu 24.04 LTS"),
    )

    assert images.table(roots, {"debian-12": "debian"})[1:] == [
        "debian-12     yes    270 MB  debian  Debian GNU/Linux 12",
        "ubuntu-24.04  no     -       -       is built when an instance first needs it",
    ]


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ([], "Nothing is named. Name some of amazon-linux-2, "),
        (["windows-2022"], "There is no image windows-2022. Name some of amazon-linux-2, "),
    ],
)
def test_what_cannot_be_prepared(capsys: Output, words: list[str], refusal: str) -> None:
    assert main(["images", "prepare", *words]) == 1
    assert capsys.readouterr().err.startswith(refusal)


def test_doctor_names_the_source() -> None:
    found = images.finding()

    assert found.name == "images"
    assert found.ok or found.remedy


@pytest.mark.skipif(bool(host.reason_against()), reason=host.reason_against())
def test_preparing_tells_its_steps(
    capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # pip, which would keep wheels, finds none and is told to look nowhere else.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    assert main(["images", "prepare", "debian-12", "--source", "host"]) == 0
    said = capsys.readouterr()
    assert main(["images", "prepare", "debian-12", "--source", "host"]) == 0

    assert "debian-12: laying a root over this machine's /usr" in said.err
    assert "debian-12: no wheels are kept: " in said.err
    assert said.out == capsys.readouterr().out
