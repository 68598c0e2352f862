"""Exports: a table, or some of its rows, as the bytes of a file while they are made.

::

    chunks = stream(table, "csv", rows=views.rows_of(table, parameters))
    Response(chunks, mimetype=require_format("csv").media_type)
"""

from longshore.tables.writing.formats import FORMATS, Format, base_name, require_format, stream, suggest_name

__all__ = ["FORMATS", "Format", "base_name", "require_format", "stream", "suggest_name"]
