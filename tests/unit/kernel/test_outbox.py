"""The outbox: with the change or not at all, after it, in order, again until it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernel.rooms import House, Job, Jobs

from cloudling.kernel.events import Fact, matches, on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Event = dict[str, Any]


class Ears:
    """A subscriber that fails as often as it is told."""

    def __init__(self, *faults: str) -> None:
        self.heard: list[tuple[str, int]] = []
        self.ids: list[str] = []
        self.faults = list(faults)
        self.buried: list[str] = []

        async def bury(call: Jobs, event: Event) -> None:
            self.buried.append(event["id"])

        @on({"source": ["aws.jobs"]}, dead=bury)
        async def hear(call: Jobs, event: Event) -> None:
            about = event["resources"][0]
            self.ids.append(event["id"])
            if about in self.faults:
                self.faults.remove(about)
                raise RuntimeError(f"{about} is deaf")
            self.heard.append((about, event["detail"]["number"]))

        self.function = hear


def fact(about: str, number: int = 0, source: str = "aws.jobs") -> Fact:
    return Fact(source, "Job State-change", {"number": number}, (about,))


def tell(house: House, *facts: Fact) -> None:
    """One unit for all."""

    async def write() -> None:
        call = house.call()
        async with call.unit():
            await call.jobs.put(Job(name="a"))
            for each in facts:
                await call.emit(*each)

    house.run(write())


def waiting(house: House) -> list[tuple[str, int]]:
    lanes: list[dict[str, Any]] = house.reconcilers.outbox.status()
    return [(lane["lane"], lane["waiting"]) for lane in lanes]


def test_delivered_after_the_commit_in_eventbridges_envelope() -> None:
    ears = Ears()
    heard: list[Event] = []
    with House(ears.function) as house:
        house.reconcilers.events.listeners.add(heard.append)
        tell(house, fact("x", 1), fact("x", 2))
        assert waiting(house) == [("jobs:hear x", 2)]
        assert ears.heard == []
        assert house.settle() is None
        assert ears.heard == [("x", 1), ("x", 2)]
        assert waiting(house) == []
        first = heard[0]
        assert {**first, "id": ""} == {
            "version": "0",
            "id": "",
            "detail-type": "Job State-change",
            "source": "aws.jobs",
            "account": "1",
            "time": "2027-01-15T08:00:00Z",
            "region": "r",
            "resources": ["x"],
            "detail": {"number": 1},
        }


def test_a_unit_that_fails_has_told_nobody() -> None:
    ears = Ears()
    heard: list[Event] = []

    async def fail(call: Jobs) -> None:
        async with call.unit():
            await call.jobs.put(Job(name="a"))
            await call.emit(*fact("x"))
            raise ZeroDivisionError

    with House(ears.function) as house:
        house.reconcilers.events.listeners.add(heard.append)
        with pytest.raises(ZeroDivisionError):
            house.run(fail(house.call()))
        house.settle()
        assert (ears.heard, heard, waiting(house)) == ([], [], [])


def test_nobody_who_listens_means_no_row() -> None:
    ears = Ears()
    with House(ears.function) as house:
        tell(house, fact("x", source="aws.other"))
        assert waiting(house) == []


def test_outside_a_unit_nothing_can_be_told() -> None:
    ears = Ears()
    with House(ears.function) as house, pytest.raises(RuntimeError, match="needs a unit"):
        house.run(house.call().emit(*fact("x")))


def test_a_failing_lane_holds_up_no_other_and_keeps_its_order() -> None:
    ears = Ears("x", "x")
    with House(ears.function) as house:
        start = house.clock.now()
        tell(house, fact("x", 1), fact("y", 1), fact("x", 2), fact("y", 2))
        assert house.settle() == start + 1
        assert ears.heard == [("y", 1), ("y", 2)]
        assert waiting(house) == [("jobs:hear x", 2)]
        house.clock.advance(1)
        assert house.settle() == start + 3
        house.clock.advance(2)
        assert house.settle() is None
        assert ears.heard[2:] == [("x", 1), ("x", 2)]
        assert ears.ids[0] == ears.ids[3]  # the same event, so that it can be told apart


def test_how_often_it_was_tried_outlives_a_restart(tmp_path: Path) -> None:
    ears = Ears("x")
    with House(ears.function, folder=tmp_path) as house:
        tell(house, fact("x", 1), fact("x", 2))
        house.settle()
        (lane,) = house.reconcilers.outbox.status()
    with House(folder=tmp_path) as house:  # nobody listens now: nothing is lost
        assert house.settle() is None
        (found,) = house.reconcilers.outbox.status()
        assert found["fault"] == "RuntimeError: x is deaf"
    with House(ears.function, folder=tmp_path) as house:
        assert house.reconcilers.outbox.status() == [lane]
        assert lane["attempts"] == 1
        assert house.settle() == lane["due"]
        tell(house, fact("x", 3))
        house.clock.advance(1)
        assert house.settle() is None
        assert ears.heard == [("x", 1), ("x", 2), ("x", 3)]


def test_what_nobody_takes_for_a_day_is_buried() -> None:
    ears = Ears(*["x"] * 10_000)
    with House(ears.function) as house:
        start = house.clock.now()
        tell(house, fact("x", 1))
        while (due := house.settle()) is not None:
            house.clock.advance(due - house.clock.now())
        assert len(ears.buried) == 1
        assert 86_400 <= house.clock.now() - start <= 87_000
        assert waiting(house) == []
        assert house.reconcilers.outbox.lost == 0


def test_a_reset_takes_what_waits_even_while_it_is_tried() -> None:
    @on({"source": ["aws.jobs"]})
    async def hear(call: Jobs, event: Event) -> None:
        await call.cloud.store.reset()
        raise RuntimeError("too late")

    with House(hear) as house:
        tell(house, fact("x", 1))
        assert house.settle() is None
        assert waiting(house) == []


STEPS = st.lists(
    st.one_of(
        st.lists(st.sampled_from("xyz"), min_size=1, max_size=4),
        st.sampled_from(["fail x", "fail y", "fail z", "pass", "restart", "roll back"]),
    ),
    max_size=15,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
@pytest.mark.filterwarnings("ignore")
def test_whatever_happens_each_is_delivered_in_the_order_of_its_lane(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[list[str] | str]
) -> None:
    folder = tmp_path_factory.mktemp("data")
    ears = Ears()
    told: list[tuple[str, int]] = []
    house = House(ears.function, folder=folder)
    for step in steps:
        if isinstance(step, list):
            new = [(about, len(told) + place) for place, about in enumerate(step)]
            tell(house, *(fact(*each) for each in new))
            told += new
        elif step == "restart":
            house.close()
            house = House(ears.function, folder=folder)
        elif step == "pass":
            house.clock.advance(3)
            house.settle()
        elif step == "roll back":
            with pytest.raises(TypeError):
                tell(house, fact("x", -1), fact(object()))  # type: ignore[arg-type]
        else:
            ears.faults.append(step[-1])
    while (due := house.settle()) is not None:
        house.clock.advance(due - house.clock.now())
    house.close()
    for lane in "xyz":
        wanted = [each for each in told if each[0] == lane]
        assert [each for each in ears.heard if each[0] == lane] == wanted


@pytest.mark.parametrize(
    ("pattern", "event", "fits"),
    [
        ({}, {"source": "a"}, True),
        ({"source": ["a", "b"]}, {"source": "b"}, True),
        ({"source": ["a"]}, {"source": "b"}, False),
        ({"detail": {"state": ["on"]}}, {"detail": {"state": "on"}}, True),
        ({"detail": {"state": ["on"]}}, {"detail": "on"}, False),
        ({"resources": ["x"]}, {"resources": ["y", "x"]}, True),
        ({"source": [{"prefix": "aws."}]}, {"source": "aws.ec2"}, True),
        ({"source": [{"prefix": "aws."}]}, {"source": "mine"}, False),
        ({"source": [{"anything-but": "a"}]}, {"source": "b"}, True),
        ({"source": [{"anything-but": ["a", "b"]}]}, {"source": "b"}, False),
        ({"source": [{"exists": False}]}, {}, True),
        ({"source": [{"exists": True}]}, {}, False),
    ],
)
def test_patterns(pattern: Event, event: Event, fits: bool) -> None:
    assert matches(pattern, event) is fits


def test_a_pattern_of_unknown_operators_is_a_bug_of_ours() -> None:
    with pytest.raises(ValueError, match="wildcard"):
        matches({"source": [{"wildcard": "a*"}]}, {"source": "a"})
