"""Ids in AWS's forms, and the account that a key id names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel.ids import Ids, access_key_id, account_of

accounts = st.integers(0, 10**12 - 1).map(lambda number: f"{number:012d}")


@given(account=accounts, noise=st.integers(0, 2**35 - 1))
def test_a_key_id_names_its_account(account: str, noise: int) -> None:
    made = access_key_id("AKIA", account, noise)
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", made)
    assert account_of(made) == account


def test_awss_own_key_ids_are_read_alike() -> None:
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html tells that ids
    # name accounts; this id and account stand in public write-ups of the form.
    assert account_of("ASIAQNZGKIQY56JQ7WML") == "029608264753"


@pytest.mark.parametrize("text", ["", "AKIA", "AKIA0000000000000000", "x" * 21, "test"])
def test_what_is_no_key_id_names_nobody(text: str) -> None:
    assert account_of(text) is None


def test_a_seed_repeats_ids_and_no_seed_does_not() -> None:
    assert Ids(7).request_id() == Ids(7).request_id()
    assert Ids().request_id() != Ids().request_id()
    assert re.fullmatch(r"i-[0-9a-f]{17}", Ids(1).hexadecimal("i-"))
    assert re.fullmatch(r"AROA[A-Z2-7]{17}", Ids(1).unique_id("AROA", "111122223333"))
