"""Version numbers: how they are written, raised and ordered."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.core.errors import InvalidInputError
from tradepost.core.version import Change, Version

numbers = st.builds(Version, st.integers(1, 9_999), st.integers(0, 999_999), st.integers(0, 999_999))


@pytest.mark.parametrize(
    ("change", "after"),
    [(Change.NONE, "1.2.3"), (Change.PATCH, "1.2.4"), (Change.MINOR, "1.3.0"), (Change.MAJOR, "5.0.0")],
)
def test_a_change_raises_its_part_and_sets_the_lower_ones_to_zero(change, after):
    assert str(Version(1, 2, 3).bump(change, 5)) == after


def test_the_first_version_starts_at_the_api_version():
    assert Version.first(3) == Version(3, 0, 0)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "1.2.3.4", "1.2.x", " 1.2.3", "1.2.3\n", "01.2.3", "-1.2.3", "1.2.3-AC", "\u0661.2.3", "1" * 5000],
)
def test_anything_but_three_plain_numbers_is_no_version(text):
    with pytest.raises(InvalidInputError):
        Version.parse(text)


@given(numbers)
def test_a_number_reads_back_as_it_was_written(version):
    assert Version.parse(str(version)) == version


@given(numbers, numbers)
def test_the_order_key_orders_as_the_numbers_do_and_fits_64_bits(one, other):
    assert (one.order_key < other.order_key) == (one < other)
    assert one.order_key < 2**63


@pytest.mark.parametrize(
    ("version", "build"),
    [
        (Version(1, 1, 5), 1_001_005),
        (Version(2, 999, 999), 2_999_999),
        (Version(1, 1000, 0), None),
        (Version(1, 0, 1000), None),
    ],
)
def test_a_build_number_is_given_while_it_fits(version, build):
    assert version.build == build


def test_changes_compare_by_severity_and_not_by_spelling():
    ordered = [Change.NONE, Change.PATCH, Change.MINOR, Change.MAJOR]

    assert sorted(ordered) == ordered
    assert all(less < more and more > less and less <= more and more >= less for less, more in pairwise(ordered))
    assert max(Change.PATCH, Change.MAJOR, Change.MINOR) is Change.MAJOR
