"""The operations as methods of a dataset, for type checkers and editors; at run time the server tells them.

Made by scripts/generate_client_stubs.py from the operations; do not edit it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from longshore.client.datasets import Dataset

class OperationMethods:
    def fill_with_average(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        metric: Literal["mean", "median", "mode"],
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Fill a column's missing values with its mean, median or most frequent value.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param metric: mean and median work on numbers and dates; of several modes the smallest is taken
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def fill_with_custom_value(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        new_value: Any,
        convert: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Fill a column's missing values with a value of your own.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param new_value: text, a number, true or false; converted to the column's type
        :param convert: turn the column into text when the value does not fit, instead of refusing
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def delete_rows_with_na(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Remove the rows in which a column's value is missing.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def fill_down(
        self,
        *,
        column_from: int | str,
        column_to: int | str,
        method: Literal["pad", "bfill", "backfill", "ffill"] = "pad",
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Fill missing values with the last value above them, or the next one below.

        :param column_from: position of the first column, from 0, or its name
        :param column_to: position of the last column, itself included, or its name
        :param method: pad takes the last value above a gap, bfill the next one below it
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def interpolate(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        method: Literal[
            "linear",
            "nearest",
            "zero",
            "slinear",
            "quadratic",
            "cubic",
            "polynomial",
            "spline",
            "pchip",
            "akima",
            "barycentric",
            "krogh",
            "piecewise_polynomial",
            "from_derivatives",
            "cubicspline",
            "pad",
            "ffill",
            "index",
            "time",
            "values",
        ] = "linear",
        order: int | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Fill missing values from the values around them, along a line or a curve.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param method: linear joins neighbours by a straight line, nearest and zero copy the nearest or the last value,
            pad the last one also below it; the others draw curves. time, values and index are linear, since rows count
            as equally far apart
        :param order: degree of the pieces, for the methods polynomial (0 to 10) and spline (1 to 5)
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def empty_string_to_nan(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Make empty text missing.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def find_replace(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        to_replace: Sequence[Any],
        replace_with: Sequence[Any],
        match_regex: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Replace values that equal something, or every match of a regular expression inside them.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param to_replace: values, or patterns when matchRegex; null finds missing values
        :param replace_with: as many replacements; null makes missing; \\1 and \\g<name> insert groups of a pattern
        :param match_regex: take toReplace as regular expressions and replace every match inside the text
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def trim_text(
        self,
        *,
        column_indices: Sequence[int | str] | None = None,
        columns: Sequence[str] | None = None,
        ends: Literal["both", "start", "end", "none"] = "both",
        collapse: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Take the spaces off the ends of text.

        :param column_indices: positions of the columns, from 0, or names
        :param columns: names of the columns, in place of columnIndices
        :param ends: where spaces are taken off
        :param collapse: make one space of several inside the text, line breaks too
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def change_case(
        self,
        *,
        column_indices: Sequence[int | str] | None = None,
        columns: Sequence[str] | None = None,
        case: Literal["upper", "lower", "title", "sentence"],
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Write text in capitals, in small letters, or with capitals at the start.

        :param column_indices: positions of the columns, from 0, or names
        :param columns: names of the columns, in place of columnIndices
        :param case: title: a capital at the start of each word; sentence: one at the start of the text
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def split_column(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        delimiter: str,
        regex: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Split a column's text at a delimiter into new columns to its right.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param delimiter: the text, or the pattern when regex, between two parts
        :param regex: take the delimiter as a regular expression; what its groups capture goes with it
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def extract(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        pattern: str,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Take parts out of text into new columns: the groups of a regular expression's first match.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param pattern: regular expression in Python's syntax; each of its groups makes a column, the whole match
            without
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def merge_values(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        merges: Sequence[Mapping[str, Any]],
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Replace groups of values by one each, all at once: nothing is replaced twice.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param merges: objects with "from", a list of values, and "to", the one that takes their place, such as the
            clusters that `cluster` found; no value stands in two of them
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def parse_numbers(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        decimal: Literal["auto", "point", "comma"] = "auto",
        percent: Literal["fraction", "number"] = "fraction",
        in_place: bool = True,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Read text as numbers, whatever currencies, percent signs and thousands stand in it, decided for the whole
        column.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param decimal: what stands before the decimals, as in 1,234.5 or 1.234,5; auto decides it from all values
        :param percent: what 5 % becomes: the fraction 0.05, or the number 5
        :param in_place: false: keep the column and put the numbers into a new one to its right
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def parse_dates(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        order: Literal["auto", "dayFirst", "monthFirst", "yearFirst"] = "auto",
        formats: Sequence[str] | None = None,
        in_place: bool = True,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Read text, or numbers that count time since 1970, as dates or datetimes, decided for the whole column.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param order: which comes first in dates such as 1/2/2020; auto decides it from all values
        :param formats: how the dates are written, in strptime's letters, such as %d/%m/%Y, tried in turn; epoch:s,
            epoch:ms and epoch:us count since 1970; found by itself when absent
        :param in_place: false: keep the column and put the dates into a new one to its right
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def normalize(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        range_from: float = 0.0,
        range_to: float = 1.0,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Rescale a column's numbers linearly, so that they lie between two given ones.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param range_from: what the smallest value becomes; `rangeStart` is understood as well
        :param range_to: what the greatest value becomes; `rangeEnd` is understood as well
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def standardize(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Shift and rescale a column's numbers to mean 0 and sample standard deviation 1.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def discretize(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        cut_mode: Literal["discretization", "quantiling"],
        number_of_bins: int | str,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Replace numbers by the interval they fall into, of equal widths or with equally many values.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param cut_mode: discretization makes intervals of equal width, quantiling intervals with equally many values
        :param number_of_bins: how many intervals; or their edges (for quantiling: quantiles from 0 to 1), separated by
            commas, such as 0,10,20
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def change_column_data_type(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        new_data_type: str,
        date_format: str | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Convert a column to another type; values that cannot convert become missing and are counted.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param new_data_type: int, float, string, datetime, date, time, boolean or category; also with a size, as int32,
            and as numpy spells them: <i4, U10, f, M8[D]
        :param date_format: how dates are written, in strptime's letters, such as %d/%m/%Y; found by itself when absent
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def rename_column(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        new_name: str,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Give a column another name.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param new_name: the new name; no other column may have it
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def derive(
        self,
        *,
        expression: str,
        new_name: str = "derived",
        insert_index: int | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Compute a new column from the others, row by row, with an expression in SQL's spelling.

        :param expression: what to compute from the other columns of a row, in SQL's spelling, such as "Net Price" *
            1.19 or CASE WHEN votes > AVG(votes) THEN 'many' ELSE 'few' END; names with spaces stand between double
            quotes
        :param new_name: name of the new column; no other column may have it
        :param insert_index: position of the new column, from 0 to the number of columns; at the end when absent
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def delete_columns(
        self,
        *,
        column_indices: Sequence[int | str] | None = None,
        columns: Sequence[str] | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Remove columns.

        :param column_indices: positions of the columns, from 0, or names
        :param columns: names of the columns, in place of columnIndices
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def insert_duplicate_column(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Insert a copy of a column to its right; the two share their data until one changes.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def move_column(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        to_index: int,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Put a column in another place; no data is written.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param to_index: position of the column afterwards, from 0; the others make room
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def combine_columns(
        self,
        *,
        columns_to_combine: Sequence[int | str],
        separator: str,
        new_name: str = "merged_column",
        insert_index: int = 0,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Put the texts of several columns together in a new one.

        :param columns_to_combine: positions or names of at least two different columns, in the order in which they are
            put together
        :param separator: text between two parts; `separator` is understood as well
        :param new_name: name of the new column; no other column may have it
        :param insert_index: position of the new column, from 0 to the number of columns
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def generate_dummies(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        inplace: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Make a column of 0 and 1 for each distinct value of a column, to its right.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param inplace: remove the column itself
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def deduplicate(
        self,
        *,
        column_indices: Sequence[int | str] | None = None,
        columns: Sequence[str] | None = None,
        keep: Literal["first", "last"] = "first",
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Remove rows that repeat another one, in all columns or in some; missing equals missing.

        :param column_indices: positions of the columns that are compared, from 0, or names; all by default
        :param columns: names of the columns, in place of columnIndices
        :param keep: which of several equal rows stays
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def sort_rows(
        self,
        *,
        sort_by: Sequence[Mapping[str, Any]],
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Sort the rows for good; rows that are equal keep their order, missing values come last.

        :param sort_by: columns, the first one first; the next ones decide where values are equal
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def keep_rows(
        self,
        *,
        filter_type: Literal["invalid", "outliers", "duplicates"] | None = None,
        filter_column_indices: Sequence[int | str] | None = None,
        filter_columns: Sequence[str] | None = None,
        outliers_std_dev: float = 2.0,
        outliers_trim_portion: float = 0.0,
        where: str | None = None,
        search_query: str | None = None,
        search_column_indices: Sequence[int | str] | None = None,
        search_columns: Sequence[str] | None = None,
        search_is_regex: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Keep the rows that a filter, a condition and a search show, and remove all others.

        :param filter_type: invalid, outliers or duplicates, judged by the filter's columns
        :param filter_column_indices: positions of the filter's columns, from 0, or names
        :param filter_columns: names of the filter's columns, in place of filterColumnIndices
        :param outliers_std_dev: outliers are so many standard deviations from the mean
        :param outliers_trim_portion: portion cut from either end before the mean is taken
        :param where: a condition in the language of the operation derive, such as "Net Price" > 100 AND country IN
            ('FI', 'SE'); rows for which it is missing are not shown
        :param search_query: text that one of the search's columns contains
        :param search_column_indices: positions of the columns to search, from 0, or names; all by default
        :param search_columns: names of the columns to search, in place of searchColumnIndices
        :param search_is_regex: take searchQuery as a regular expression
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def drop_rows(
        self,
        *,
        filter_type: Literal["invalid", "outliers", "duplicates"] | None = None,
        filter_column_indices: Sequence[int | str] | None = None,
        filter_columns: Sequence[str] | None = None,
        outliers_std_dev: float = 2.0,
        outliers_trim_portion: float = 0.0,
        where: str | None = None,
        search_query: str | None = None,
        search_column_indices: Sequence[int | str] | None = None,
        search_columns: Sequence[str] | None = None,
        search_is_regex: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Remove the rows that a filter, a condition and a search show.

        :param filter_type: invalid, outliers or duplicates, judged by the filter's columns
        :param filter_column_indices: positions of the filter's columns, from 0, or names
        :param filter_columns: names of the filter's columns, in place of filterColumnIndices
        :param outliers_std_dev: outliers are so many standard deviations from the mean
        :param outliers_trim_portion: portion cut from either end before the mean is taken
        :param where: a condition in the language of the operation derive, such as "Net Price" > 100 AND country IN
            ('FI', 'SE'); rows for which it is missing are not shown
        :param search_query: text that one of the search's columns contains
        :param search_column_indices: positions of the columns to search, from 0, or names; all by default
        :param search_columns: names of the columns to search, in place of searchColumnIndices
        :param search_is_regex: take searchQuery as a regular expression
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def delete_rows(
        self,
        *,
        row_indices: Sequence[int],
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Remove rows by their numbers; the rows below move up.

        :param row_indices: numbers of the rows, as `data` gave them
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def insert_row(
        self,
        *,
        row_index: int,
        values: Sequence[Any] | Mapping[str, Any] = ...,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Insert one row, empty or with values.

        :param row_index: number of the new row, from 0; the rows from there on move down
        :param values: a list with one value for each column, or an object of values by column name; missing by default
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def add_rows(
        self,
        *,
        rows: Sequence[Sequence[Any] | Mapping[str, Any]],
        row_index: int | None = None,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Add rows at the end or in between.

        :param rows: each a list with one value for each column, or an object of values by column name, the others
            missing; a value is text, a number, true, false or null and has to fit its column
        :param row_index: number of the first new row, from 0; at the end by default
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def new_cell_value(
        self,
        *,
        column_index: int | None = None,
        column: str | None = None,
        row_index: int,
        new_value: Any,
        convert: bool = False,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Write a value into one cell.

        :param column_index: position of the column, from 0
        :param column: name of the column, in place of columnIndex
        :param row_index: number of the row, as `data` gave it
        :param new_value: text, a number, true, false, or null for missing; converted to the column's type
        :param convert: turn the column into text when the value does not fit, instead of refusing
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def join(
        self,
        *,
        other_session_id: Dataset | str,
        keys: Sequence[Mapping[str, Any]],
        how: Literal["left", "inner", "outer"] = "left",
        columns: Sequence[str | int] | None = None,
        suffix: str = "_other",
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Bring columns of another dataset beside the rows whose keys agree; a missing key agrees with nothing.

        :param other_session_id: session id of the other dataset; its own, or "itself", stands for this one as it is now
        :param keys: pairs of columns that have to agree, all of them
        :param how: left keeps every row of this table, inner those with a match, outer also the rows of the other table
            without one, at the end
        :param columns: names or positions of the other table's columns to bring; by default all but its keys
        :param suffix: goes behind names that this table has already
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def append_file(
        self,
        *,
        other_session_id: Dataset | str,
        new_columns: bool = True,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Append the rows of another dataset below; columns are matched by their names.

        :param other_session_id: session id of the other dataset; its own, or "itself", stands for this one as it is now
        :param new_columns: add the columns that only the other dataset has, at the right; false leaves them out
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """

    def execute_command(
        self,
        *,
        command: str,
        if_version: int | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Run Python code on the table; what `df` is at its end becomes the table.

        :param command: Python text; finds the table as the pandas DataFrame `df`, pandas as `pd` and NumPy as `np`
        :param if_version: refuse the change when the table is another version.
        :param idempotency_key: the same key with the same parameters is done once.
        """
