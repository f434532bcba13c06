"""Tables that grow are partitioned by time; a default partition takes what no monthly one is made for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, migrations
from django.db.models import Model

_registered: list[type[Model]] = []


def register(model: type[Model]) -> None:
    """Let the partitions of a model be made ahead by keeping house."""
    if model not in _registered:
        _registered.append(model)


def registered() -> Sequence[type[Model]]:
    return tuple(_registered)


class CreatePartitionedModel(migrations.CreateModel):
    """Like CreateModel, but the table is partitioned by the range of one time column, with a default partition."""

    def __init__(self, *args: Any, partition_by: str, **kwargs: Any) -> None:
        self.partition_by = partition_by
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, args, kwargs = super().deconstruct()
        return name, args, {**kwargs, "partition_by": self.partition_by}

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        plain = schema_editor.table_sql
        quoted = schema_editor.quote_name(self.partition_by)

        def partitioned(model: Any) -> tuple[str, Any]:
            sql, parameters = plain(model)
            return f"{sql} PARTITION BY RANGE ({quoted})", parameters

        schema_editor.table_sql = partitioned
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.table_sql = plain
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table  # noqa: SLF001
        schema_editor.execute(f'CREATE TABLE "{table}_default" PARTITION OF "{table}" DEFAULT')


def make_monthly_partitions(model: type[Model], *, now: datetime, months: int = 3) -> list[str]:
    """Make the partitions of the coming `months` and return the names of new ones.

    A month for which the default partition holds rows already is left to it: moving them would lock the table.
    """
    table = model._meta.db_table  # noqa: SLF001  Django's public way to a table's name
    made = []
    column = model._meta.pk.field_names[0]  # type: ignore[union-attr]  # noqa: SLF001
    for offset in range(1, months + 1):
        start, end = _month(now, offset), _month(now, offset + 1)
        name = f"{table}_{start:%Y_%m}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass(%s)", [name])
            if cursor.fetchone()[0] is not None:
                continue
            cursor.execute(
                f'SELECT 1 FROM "{table}_default" WHERE "{column}" >= %s AND "{column}" < %s LIMIT 1',  # noqa: S608
                [start, end],
            )
            if cursor.fetchone() is not None:
                continue
            cursor.execute(f'CREATE TABLE "{name}" PARTITION OF "{table}" FOR VALUES FROM (%s) TO (%s)', [start, end])
        made.append(name)
    return made


def _month(now: datetime, offset: int) -> datetime:
    number = now.year * 12 + now.month - 1 + offset
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
