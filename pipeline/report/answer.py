"""What a query gives: as a table, as CSV, and in words that JSON has."""

import csv
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import TextIO

from rich.markup import escape
from rich.table import Table

from pipeline.files import Json
from pipeline.run.query import Answer


def answer_table(answer: Answer) -> Table:
    """Its rows; numbers of six digits, stand to the right; nothing where there is no value."""
    table = Table()
    columns = zip(*answer.rows, strict=True) if answer.rows else [()] * len(answer.columns)
    for name, values in zip(answer.columns, columns, strict=True):
        is_number = any(isinstance(value, int | float | Decimal) for value in values)
        table.add_column(escape(name), justify="right" if is_number else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(escape(_told(value)) for value in row))
    return table


def write_csv(answer: Answer, file: TextIO) -> None:
    """A line with the columns' names, then the rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)


def json_rows(answer: Answer) -> Iterator[dict[str, Json]]:
    """Each row by its columns' names; moments as in ISO 8601, and null for what is no number."""
    return ({name: _json(value) for name, value in row.items()} for row in answer.named())


def _told(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.6g}"
        case list():
            return ", ".join(map(_told, value))
    return str(value)


def _json(value: object) -> Json:
    match value:
        case None | bool() | int() | str():
            return value
        case float() | Decimal():
            return float(value) if math.isfinite(value) else None
        case list() | tuple():
            return [_json(one) for one in value]
        case dict():
            return {str(key): _json(one) for key, one in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
