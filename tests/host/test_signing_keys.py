"""Keys that sign calls to apps. All but the first eight of a run of tests are dealt out anew (`once_a_run`)."""

from tradepost.host.installing import keys
from tradepost.testing.once_a_run import SIGNING_KEYS


def test_new_keys_are_long_enough_and_no_two_are_alike():
    made = [keys.new_private_key() for _ in range(SIGNING_KEYS)]

    assert {key.key_size for key in made} == {keys.BITS} == {2048}
    assert len({key.private_numbers().public_numbers.n for key in made}) == SIGNING_KEYS
