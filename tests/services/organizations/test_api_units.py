"""Units, and who stands where in the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.services.organizations.test_api_organizations import reason, refusal

if TYPE_CHECKING:
    from tests.services.organizations.conftest import World


def test_a_unit(world: World) -> None:
    api = world.api
    made = api.create_organizational_unit(ParentId=world.root, Name="prod")["OrganizationalUnit"]
    organization = world.organization["Id"]
    assert made["Id"].startswith(f"ou-{world.root.removeprefix('r-')}-")
    assert made["Arn"] == f"arn:aws:organizations::111122223333:ou/{organization}/{made['Id']}"
    assert made["Path"] == f"{organization}/{world.root}/{made['Id']}/"
    assert api.describe_organizational_unit(OrganizationalUnitId=made["Id"]) == {
        "OrganizationalUnit": made
    }
    renamed = api.update_organizational_unit(OrganizationalUnitId=made["Id"], Name="production")
    assert renamed["OrganizationalUnit"] == {**made, "Name": "production"}
    listed = api.list_organizational_units_for_parent(ParentId=world.root)
    assert listed == {"OrganizationalUnits": [renamed["OrganizationalUnit"]]}
    api.delete_organizational_unit(OrganizationalUnitId=made["Id"])
    assert refusal(api.describe_organizational_unit, OrganizationalUnitId=made["Id"]) == (
        "OrganizationalUnitNotFoundException",
        "You specified an organizational unit that doesn't exist.",
    )


def test_names_are_unique_below_one_parent(world: World) -> None:
    first = world.unit("a")
    duplicate = (
        "DuplicateOrganizationalUnitException",
        "An OU with the same name already exists.",
    )
    again = {"ParentId": world.root, "Name": "a"}
    assert refusal(world.api.create_organizational_unit, **again) == duplicate
    other = world.unit("b")
    rename = {"OrganizationalUnitId": other, "Name": "a"}
    assert refusal(world.api.update_organizational_unit, **rename) == duplicate
    assert world.unit("a", first)
    keep = {"OrganizationalUnitId": other, "Name": "b"}
    assert world.api.update_organizational_unit(**keep)["OrganizationalUnit"]["Name"] == "b"


def test_five_levels_and_no_more(world: World) -> None:
    parent = world.root
    for level in range(5):
        parent = world.unit(f"level {level}", parent)
    told = reason(world.api.create_organizational_unit, ParentId=parent, Name="too deep")
    assert told == ("ConstraintViolationException", "OU_DEPTH_LIMIT_EXCEEDED")


def test_parents_and_children(world: World) -> None:
    api, outer = world.api, world.unit("outer")
    inner, account = world.unit("inner", outer), world.account(parent=outer)
    kind = "ORGANIZATIONAL_UNIT"
    assert api.list_parents(ChildId=inner) == {"Parents": [{"Id": outer, "Type": kind}]}
    assert api.list_parents(ChildId=outer) == {"Parents": [{"Id": world.root, "Type": "ROOT"}]}
    assert api.list_parents(ChildId=account) == {"Parents": [{"Id": outer, "Type": kind}]}
    assert api.list_children(ParentId=outer, ChildType=kind) == {
        "Children": [{"Id": inner, "Type": kind}]
    }
    assert api.list_children(ParentId=outer, ChildType="ACCOUNT") == {
        "Children": [{"Id": account, "Type": "ACCOUNT"}]
    }
    nowhere = "ou-none-12345678"
    assert refusal(api.list_parents, ChildId=nowhere)[0] == "ChildNotFoundException"
    asked = {"ParentId": nowhere, "ChildType": kind}
    assert refusal(api.list_children, **asked)[0] == "ParentNotFoundException"
    asked = {"ParentId": nowhere, "Name": "x"}
    assert refusal(api.create_organizational_unit, **asked) == (
        "ParentNotFoundException",
        "You specified a parent that doesn't exist.",
    )


def test_only_an_empty_unit_is_deleted(world: World) -> None:
    outer = world.unit("outer")
    inner = world.unit("inner", outer)
    code = "OrganizationalUnitNotEmptyException"
    delete = world.api.delete_organizational_unit
    assert refusal(delete, OrganizationalUnitId=outer)[0] == code
    world.api.delete_organizational_unit(OrganizationalUnitId=inner)
    world.account(parent=outer)
    assert refusal(delete, OrganizationalUnitId=outer)[0] == code


def test_listings_come_in_pages(world: World) -> None:
    made = [world.unit(f"unit {number}") for number in range(23)]
    listed: list[str] = []
    asked = {"ParentId": world.root}
    sizes = []
    while True:
        page = world.api.list_organizational_units_for_parent(**asked)
        sizes.append(len(page["OrganizationalUnits"]))
        listed += [unit["Id"] for unit in page["OrganizationalUnits"]]
        if "NextToken" not in page:
            break
        asked["NextToken"] = page["NextToken"]
    assert sizes == [20, 3]
    assert sorted(listed) == sorted(made)
    foreign = {"ParentId": made[0], "NextToken": asked["NextToken"]}
    told = reason(world.api.list_organizational_units_for_parent, **foreign)
    assert told == ("InvalidInputException", "INVALID_NEXT_TOKEN")
