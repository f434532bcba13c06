"""Lots for simulations: decided by names alone, so that the order in which they are drawn does not matter."""

from random import Random


def lots(*names: object) -> Random:
    """Return a source of lots that the same names give again, in every process."""
    return Random("\n".join(map(str, names)))  # noqa: S311  a simulation wants to be foreseeable
