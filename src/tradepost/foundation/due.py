"""Questions of the form "when is something due next?": their SQL is made once, and many are asked in one statement.

The tick asks all of them every second, so neither the ORM's effort nor one way to the database for each is spent there.
"""

import functools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from .clock import machine_now

_NOW = datetime(1970, 1, 1, microsecond=1, tzinfo=UTC)
"""Stands for the machine's time while the SQL is made; no question names this moment."""


class NextDue:
    """One question. To call it is to ask it alone; the answer is a time, or None where nothing will be due."""

    def __init__(self, make: Callable[[], tuple[str, Iterable[Any]]]) -> None:
        self._make = functools.cache(make)

    def __call__(self) -> datetime | None:
        return ask([self])[0]

    def statement(self, machine: datetime) -> tuple[str, list[Any]]:
        """SQL for one value, and its parameters at this machine time."""
        sql, parameters = self._make()
        return sql, [machine if each == _NOW else each for each in parameters]


def earliest(column: str) -> Callable[[Callable[[datetime], QuerySet[Any]]], NextDue]:
    """Make a question of a function that says, by the machine's time, in which rows to look for the earliest `column`.

    The function is called once: what else it asks for must not change.
    """

    def decorate(rows: Callable[[datetime], QuerySet[Any]]) -> NextDue:
        def make() -> tuple[str, Iterable[Any]]:
            found = rows(_NOW).filter(**{f"{column}__isnull": False}).order_by(column)
            return found.values_list(column)[:1].query.sql_with_params()

        return functools.update_wrapper(NextDue(make), rows)

    return decorate


def ask(questions: Iterable[NextDue]) -> list[datetime | None]:
    """The answers to some questions, in their order, by one statement."""
    machine = machine_now()
    statements = [question.statement(machine) for question in questions]
    if not statements:
        return []
    with connection.cursor() as cursor:
        parameters = [each for _, some in statements for each in some]
        cursor.execute("SELECT " + ", ".join(f"({sql})" for sql, _ in statements), parameters)
        return list(cursor.fetchone())
