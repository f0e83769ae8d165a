"""The survey finds nothing in this house, and finds in a bad one what each check is for."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools import survey
from tools.checks import arns, calls, files, manifests, names, operations, pages, tests
from tools.checks.house import House, Room

ROOT = Path(__file__).parents[2]
MANIFEST = 'title = "Things"\nmodels = ["s3"]\ncalls = []\nneeds = []\ntier = "answers"\n'
MODULE = """
@operation("PutObject")
async def put_object(call, request):
    await call.aws.as_role(arn).sqs.send_message()
    return f"arn:aws:s3:::{name}"


@operation("MakeTea", partial="no milk")
async def make_tea(call, request): ...
"""


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A service that breaks a rule of each check."""
    folder = tmp_path / "src" / "cloudling" / "services" / "things"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(MANIFEST)
    (folder / "things.py").write_text(MODULE)
    (folder / "utils.py").write_text("")
    (folder / "README.md").write_text("line\n" * 60)
    tests_folder = tmp_path / "tests" / "services" / "things"
    tests_folder.mkdir(parents=True)
    (tests_folder / "test_api.py").write_text("client.put_object(); client.make_teapot()")
    (tests_folder / "test_wire.py").write_text("aws s3api put-object")
    return House(tmp_path).rooms[0]


def faults(found: object) -> list[str]:
    return [finding.fault for finding in found]  # type: ignore[attr-defined]


def test_this_house_is_in_order() -> None:
    assert survey.survey(ROOT) == []


def test_missing_files_are_found(room: Room) -> None:
    assert faults(files.check(room)) == [
        "__init__.py is missing",
        "call.py is missing",
        "records.py is missing",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it is empty or no TOML"),
        ("title = ", "it is empty or no TOML"),
        (MANIFEST.replace('"answers"', '"perfect"'), "there is no tier 'perfect'"),
        (MANIFEST.replace('["s3"]', '"s3"'), "'models' is not a list of names"),
        (MANIFEST.replace('["s3"]', '["s9"]'), "there is no model 's9'"),
        (MANIFEST + 'colour = "blue"', "nothing reads 'colour'"),
        (MANIFEST.replace("needs = []\n", ""), "'needs' is missing"),
    ],
)
def test_faults_of_a_manifest_are_found(room: Room, text: str, fault: str) -> None:
    (room.folder / "manifest.toml").write_text(text)

    assert fault in faults(manifests.check(room))


def test_good_manifest_passes(room: Room) -> None:
    assert faults(manifests.check(room)) == []


def test_calls_that_the_manifest_hides_are_found(room: Room) -> None:
    assert faults(calls.check(room)) == ["the code calls 'sqs', which `calls` leaves out"]


def test_operations_that_aws_does_not_have_are_found(room: Room) -> None:
    assert faults(operations.check(room)) == ["AWS's model has no operation 'MakeTea'"]


def test_operations_without_tests_are_found(room: Room) -> None:
    assert faults(tests.check(room)) == ["MakeTea has no api test", "MakeTea has no wire test"]


def test_missing_page_and_long_readme_are_found(room: Room) -> None:
    assert faults(pages.check(room)) == [
        "docs/services/things.md is missing",
        "it is longer than a screen of 50 lines",
    ]


def test_names_that_say_nothing_are_found(room: Room) -> None:
    assert faults(names.check(room.house)) == ["the name 'utils' says nothing of what is inside"]


def test_arns_made_by_hand_are_found(room: Room) -> None:
    assert faults(arns.check(room)) == ["line 5 makes an ARN by hand"]


@pytest.mark.parametrize(
    ("operation", "snake"),
    [
        ("ListObjectsV2", "list_objects_v2"),
        ("GetSAMLProvider", "get_saml_provider"),
        ("AssumeRoleWithSAML", "assume_role_with_saml"),
    ],
)
def test_snake_case_is_as_boto3_has_it(operation: str, snake: str) -> None:
    assert tests.snake_case(operation) == snake
