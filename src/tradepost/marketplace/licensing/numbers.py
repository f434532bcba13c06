"""The numbers by which people name a license on the telephone. Random: they tell nobody how many there are."""

from tradepost.foundation.clock import new_id

LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Digits and letters without those that look like others."""

RANDOM_BITS = 60
"""Of a random identifier, the lowest ones; its fixed bits lie higher."""


def new_license_number() -> str:
    """`E-7K2-M9Q-04T-XYZ`: 60 random bits. Source: protocol.md 5.2 names it; its shape is ours."""
    rest = new_id().int % 2**RANDOM_BITS
    letters = [LETTERS[rest >> 5 * place & 31] for place in range(12)]
    return "-".join(["E", *("".join(letters[start : start + 3]) for start in range(0, 12, 3))])


def new_support_number() -> str:
    """`SEN-` and 16 digits, as protocol.md 5.2 shows it."""
    return f"SEN-{new_id().int % 2**RANDOM_BITS % 10**16:016d}"
