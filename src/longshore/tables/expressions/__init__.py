"""A small language for computing a column: SQL's expressions over the columns of one row, and nothing else.

::

    "Net Price" * 1.19
    CASE WHEN price > AVG(price) THEN 'dear' ELSE 'cheap' END
    UPPER(TRIM(name)) || ' (' || YEAR("Release Date") || ')'

The text is read by a reader of our own into a tree (:mod:`.parser`), and the tree becomes an expression of the engine
through a table of declared functions (:mod:`.functions`, :mod:`.text_functions`, :mod:`.date_functions`): what is not
declared does not exist, so there is no query, no table, no file and no window to be refused.

The engine has an SQL reader as well (``polars.sql_expr``). It lets windows, subqueries and lists through to where
they fail late, or compute something else for each piece of a stream; whole numbers wrap around silently, one text
that is no number fails the column, ``x / 0`` is infinite, positions count bytes, a date does not compare with the
text ``'2024-12-31'``, and its errors name the engine's types. All that would have to be found in its trees again, and
changes with its versions.
"""

from longshore.tables.expressions.compiler import AGGREGATES, Compiled, compile_expression, learn
from longshore.tables.expressions.functions import FUNCTIONS, Function, describe_functions
from longshore.tables.expressions.parser import parse

__all__ = [
    "AGGREGATES",
    "FUNCTIONS",
    "Compiled",
    "Function",
    "compile_expression",
    "describe_functions",
    "learn",
    "parse",
]
