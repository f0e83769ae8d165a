"""The path of a call: one unit, no suspension, one record, and errors in their place."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError, Call, pipeline
from cloudling.kernel.clock import ManualClock
from cloudling.kernel.cloud import Cloud
from cloudling.kernel.idempotency import IdempotentParameterMismatch
from cloudling.kernel.operations import Operation
from cloudling.kernel.origins import INTERNAL
from cloudling.kernel.pipeline import STAGES
from cloudling.kernel.services import Service
from cloudling.kernel.tags import TagSet
from cloudling.models.loader import Model
from cloudling.services.iam.credentials import root_of
from cloudling.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloudling.kernel.recording import CallRecord

MODEL = Model(
    "things",
    {
        "metadata": {"endpointPrefix": "things", "protocol": "query", "apiVersion": "2026-01-01"},
        "operations": {
            "MakeThing": {"name": "MakeThing", "input": {"shape": "MakeThingRequest"}},
        },
        "shapes": {
            "MakeThingRequest": {
                "type": "structure",
                "required": ["Name"],
                "members": {
                    "Name": {"shape": "Name"},
                    "ClientToken": {"shape": "Name", "idempotencyToken": True},
                },
            },
            "Name": {"type": "string", "min": 2},
        },
    },
    "digest",
)


class Things(Service):
    """A service of the test's own, with one operation."""

    def __init__(self, folder: Path, operation: Operation) -> None:
        (folder / "manifest.toml").write_text(
            'title = "Things"\nmodels = ["things"]\nvalidation_error = "ValidationError"\n'
        )
        super().__init__(folder, "no.such.package")
        self._operation = operation

    @property
    def operations(self) -> dict[str, Operation]:  # type: ignore[override]
        return {self._operation.name: self._operation}

    @property
    def modules(self) -> dict[str, Any]:  # type: ignore[override]
        return {}

    def model_of(self, operation: str) -> Model:
        return MODEL


class House:
    """A cloud with that service; `call` runs its operation."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(None)
        self.cloud = Cloud(self.store, ManualClock(), (), iam="off")
        self.records: list[CallRecord] = []
        self.cloud.recorder.sinks.append(self)
        self._folder = folder

    def take(self, records: list[CallRecord]) -> None:
        self.records += records

    def call(self, function: Any, *, transaction: bool = True, **request: Any) -> Any:
        operation = Operation("MakeThing", function, transaction)
        service = Things(self._folder, operation)
        run = pipeline.build(service, operation)
        call = Call(self.cloud, service, operation, root_of("111122223333"), "eu-west-1")
        call.origin = INTERNAL

        async def ended() -> Any:
            return await run(call, request)

        try:
            return asyncio.run(ended())
        finally:
            self.cloud.recorder.flush()

    def tags(self, arn: str) -> dict[str, str]:
        return asyncio.run(self.cloud.tags.of(arn))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.shut()


async def tag(call: Call, name: str) -> None:
    await call.tags.replace(name, {"made": "yes"})


def test_the_order_of_the_stages_is_one_tuple() -> None:
    assert [stage.__name__ for stage in STAGES] == [
        "record",
        "validate",
        "transact",
        "authorize",
        "rehearse",
        "once",
    ]


def test_what_an_operation_did_is_kept_and_recorded(house: House) -> None:
    async def make(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        await tag(call, request["Name"])
        return {"Made": request["Name"]}

    assert house.call(make, Name="one") == {"Made": "one"}
    assert house.tags("one") == {"made": "yes"}
    (record,) = house.records
    assert (record.operation, record.account, record.error) == ("MakeThing", "111122223333", "")


def test_an_error_undoes_everything(house: House) -> None:
    async def fail(call: Call, request: dict[str, Any]) -> None:
        await tag(call, request["Name"])
        raise AwsError("No.", code="Nope")

    with pytest.raises(AwsError, match="Nope"):
        house.call(fail, Name="one")
    assert house.tags("one") == {}
    assert house.records[0].error == "Nope"


def test_a_bug_is_undone_logged_and_told_as_internal(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async def break_(call: Call, request: dict[str, Any]) -> None:
        await tag(call, request["Name"])
        raise ZeroDivisionError

    with pytest.raises(AwsError) as caught:
        house.call(break_, Name="one")
    assert (caught.value.error_code, caught.value.http_status) == ("InternalFailure", 500)
    assert "ZeroDivisionError" in caplog.text
    assert house.tags("one") == {}


def test_a_unit_that_waits_is_rolled_back(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async def wait(call: Call, request: dict[str, Any]) -> None:
        await tag(call, request["Name"])
        await asyncio.sleep(0)

    with pytest.raises(AwsError, match="InternalFailure"):
        house.call(wait, Name="one")
    assert "waited inside a unit" in caplog.text
    assert house.tags("one") == {}


def test_without_a_transaction_it_may_wait_between_its_units(house: House) -> None:
    async def slow(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0)
        async with call.unit(final=True):
            await tag(call, request["Name"])
        await call.committed()
        return {}

    assert house.call(slow, transaction=False, Name="one") == {}
    assert house.tags("one") == {"made": "yes"}


def test_bad_input_never_reaches_the_operation(house: House) -> None:
    async def never(call: Call, request: dict[str, Any]) -> None:
        pytest.fail("It ran.")

    with pytest.raises(AwsError) as caught:
        house.call(never, Name="x")
    assert caught.value.text == (
        "1 validation error detected: Value 'x' at 'name' failed to satisfy constraint: Member "
        "must have length greater than or equal to 2"
    )


def test_the_same_token_is_answered_once(house: House) -> None:
    count = 0

    async def make(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        return {"Count": count}

    assert house.call(make, Name="one", ClientToken="tt") == {"Count": 1}
    assert house.call(make, Name="one", ClientToken="tt") == {"Count": 1}
    assert house.call(make, Name="one", ClientToken="uu") == {"Count": 2}
    with pytest.raises(IdempotentParameterMismatch):
        house.call(make, Name="two", ClientToken="tt")
    house.cloud.clock.advance(25 * 3600)  # type: ignore[attr-defined]
    assert house.call(make, Name="two", ClientToken="tt") == {"Count": 3}


def test_a_call_elsewhere_has_collections_elsewhere(house: House) -> None:
    async def look(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        other = call.at(account="444455556666", region="us-east-1")
        return {"Here": call.account, "There": other.account, "Region": other.region}

    assert house.call(look, Name="one") == {
        "Here": "111122223333",
        "There": "444455556666",
        "Region": "us-east-1",
    }


def test_tags_of_one_resource(house: House) -> None:
    async def change(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        await call.tags.replace("arn", {"a": "1", "b": "2"})
        await call.tags.replace("arn", {"b": "3"})
        await call.tags.move("arn", "other")
        return await call.tags.of("other")

    assert house.call(change, Name="one") == {"b": "3"}
    assert house.tags("arn") == {}
    assert TagSet(arn="x", tags={}).tags == {}


def test_tags_of_all_resources_of_a_kind(house: House) -> None:
    async def change(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        for arn in ("a/2", "b/1", "a/1", "a"):
            await call.tags.replace(arn, {"of": arn})
        return {"Found": [each.tags["of"] for each in await call.tags.below("a/")]}

    assert house.call(change, Name="one") == {"Found": ["a/1", "a/2"]}


def test_a_sinks_fault_goes_no_further(house: House, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def take(self, records: list[CallRecord]) -> None:
            raise OSError("disk")

    house.cloud.recorder.sinks.insert(0, Broken())

    async def make(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {}

    assert house.call(make, Name="one") == {}
    assert len(house.records) == 1
    assert "Broken" in caplog.text


def test_a_unit_that_holds_the_loop_is_named(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async def dawdle(call: Call, request: dict[str, Any]) -> dict[str, Any]:
        until = time.perf_counter() + 0.02
        while time.perf_counter() < until:
            pass
        return {}

    caplog.set_level("INFO", logger="cloudling.kernel.stages.transact")
    house.call(dawdle, Name="one")
    assert "MakeThing" in caplog.text
