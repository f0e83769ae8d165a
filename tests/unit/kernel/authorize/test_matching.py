"""Wildcards, against a slow matcher that is easily seen to be right."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel.authorize.matching import compile_arn, compile_pattern, tokenize


def matches_naively(pattern: str, text: str) -> bool:
    reached = {0}
    for sign in pattern:
        if sign == "*":
            reached = {end for start in reached for end in range(start, len(text) + 1)}
        else:
            reached = {at + 1 for at in reached if at < len(text) and sign in ("?", text[at])}
    return len(text) in reached


@given(st.text("ab:/*?", max_size=12), st.text("ab:/*?", max_size=16))
def test_agrees_with_the_naive_matcher(pattern: str, text: str) -> None:
    assert compile_pattern(pattern)(text) is matches_naively(pattern, text)


@given(st.text(max_size=20))
def test_any_text_matches_itself(text: str) -> None:
    assert compile_pattern(text)(text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("s3:Get*", "s3:GetObject", True),
        ("s3:*Object", "s3:GetObject", True),
        ("s3:*Object", "s3:GetObjectAcl", False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a:b/c\nd", True),
        ("a*a", "a", False),
        ("a?c", "a\nc", True),
        ("a.c", "abc", False),
    ],
)
def test_known_patterns(pattern: str, text: str, expected: bool) -> None:
    assert compile_pattern(pattern)(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("arn:aws:sns:*:123456789012:*", "arn:aws:sns:eu-west-1:123456789012:topic", True),
        # Each of the six parts is compared by itself.
        ("arn:aws:sns:*:topic", "arn:aws:sns:eu-west-1:123456789012:topic", False),
        ("arn:aws:sns:*2:*:topic", "arn:aws:sns:eu-west-1:123456789012:topic", False),
        ("arn:aws:s3:::b/a:*", "arn:aws:s3:::b/a:b:c", True),
        ("*", "arn:aws:s3:::b", True),
        ("arn:aws:s3:::*", "no arn", False),
    ],
)
def test_arns_are_matched_part_by_part(pattern: str, text: str, expected: bool) -> None:
    assert compile_arn(tokenize(pattern))(text) is expected


def test_a_hostile_pattern_takes_no_time() -> None:
    matcher = compile_pattern("*a?" * 2000 + "b")
    started = time.process_time()
    assert not matcher("a" * 20_000)
    assert time.process_time() - started < 0.5
