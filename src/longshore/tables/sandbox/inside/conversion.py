"""Between a table's columns, as Arrow, and the user's frame, as pandas. Imports nothing of the project.

Scripts take these functions over as they stand: what a command does here it does there.
"""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def without_surrogates(text: str) -> str:
    """Without the halves of characters that UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def to_frame(table: "pa.Table") -> "pd.DataFrame":
    """The frame as its user expects it.

    Whole numbers and booleans with missing values have pandas' nullable types, so that they stay exact; without
    missing values NumPy's. Dates are ``datetime64``. Text is pandas' ``str``.
    """
    import pandas as pd

    return pd.DataFrame(
        {name: _to_series(column) for name, column in zip(table.column_names, table.columns, strict=True)}, copy=True
    )


def _to_series(column: "pa.ChunkedArray") -> "pd.Series[Any]":
    types = _nullable_types() if column.null_count else _text_types()
    series: pd.Series[Any] = column.to_pandas(types_mapper=types.get, date_as_object=False)
    return series


def _text_types() -> dict["pa.DataType", Any]:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    return {pa.large_string(): pd.StringDtype(na_value=np.nan)}


def _nullable_types() -> dict["pa.DataType", Any]:
    import pandas as pd
    import pyarrow as pa

    return _text_types() | {
        pa.int8(): pd.Int8Dtype(),
        pa.int16(): pd.Int16Dtype(),
        pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(),
        pa.uint8(): pd.UInt8Dtype(),
        pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(),
        pa.uint64(): pd.UInt64Dtype(),
        pa.bool_(): pd.BooleanDtype(),
    }


def are_equal(array: "pa.ChunkedArray", old: "pa.ChunkedArray") -> bool:
    """Whether both hold the same values in the same type; the categories behind texts may differ."""
    import pyarrow as pa

    if array.type != old.type or len(array) != len(old) or array.null_count != old.null_count:
        return False
    if pa.types.is_dictionary(array.type):
        array, old = array.cast(pa.large_string()), old.cast(pa.large_string())
    return bool(array.equals(old))


def as_before(array: "pa.ChunkedArray", old: "pa.DataType") -> "pa.ChunkedArray":
    """In the type that the column had, where that is of the same family and holds every value exactly."""
    import pyarrow as pa

    kinds = pa.types
    same_family = (
        array.type != old
        and any(
            test(array.type) and test(old)
            for test in (
                kinds.is_integer,
                kinds.is_floating,
                kinds.is_timestamp,
                kinds.is_duration,
                kinds.is_decimal,
                kinds.is_time,
                kinds.is_dictionary,
                _is_any_binary,
            )
        )
    ) or kinds.is_null(array.type)
    if not (same_family or (kinds.is_timestamp(array.type) and array.type.tz is None and kinds.is_date(old))):
        return array
    try:
        return array.cast(old)
    except pa.ArrowException:
        return array


def _is_any_binary(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def to_name(label: object) -> str:
    """A column's label as text; the levels of a multi-index in one. The server makes names unique."""
    if isinstance(label, tuple):
        return "_".join(part for part in map(to_name, label) if part)
    if label is None or label != label:
        return ""
    return without_surrogates(str(label)[:2000])


def to_array(series: "pd.Series[Any]") -> "pa.ChunkedArray":
    """A column as Arrow, in a type that a table can keep; values of several types, lists and others become text."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.CategoricalDtype):
        if pd.api.types.is_string_dtype(series.cat.categories.dtype):
            return _dictionary(series)
        series = series.astype(series.cat.categories.dtype if not series.hasnans else object)
    elif isinstance(series.dtype, pd.SparseDtype):
        series = pd.Series(np.asarray(series), series.index)
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return _texts(series)
    chunked = array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])
    return _storable(chunked, series)


def _dictionary(series: "pd.Series[Any]") -> "pa.ChunkedArray":
    import pyarrow as pa

    codes = series.cat.codes.to_numpy()
    if not len(series.cat.categories):
        return pa.chunked_array([pa.nulls(len(series), pa.large_string())])
    # Readers check the codes of missing values as well, so these have to be some category's, too.
    numbers = pa.array(codes.clip(0).astype("int32"), mask=codes < 0)
    texts = pa.array(series.cat.categories, from_pandas=True).cast(pa.large_string())
    return pa.chunked_array([pa.DictionaryArray.from_arrays(numbers, texts)])


def _storable(array: "pa.ChunkedArray", series: "pd.Series[Any]") -> "pa.ChunkedArray":
    import pyarrow as pa

    kinds, kind = pa.types, array.type
    if kinds.is_string(kind) or kinds.is_string_view(kind) or kinds.is_null(kind):
        return array if kinds.is_null(kind) else array.cast(pa.large_string())
    if kinds.is_float16(kind):
        return array.cast(pa.float32())
    if kinds.is_timestamp(kind) and kind.tz and kind.tz[0] in "+-":
        return array.cast(pa.timestamp(kind.unit, "UTC"))  # the same instants; tables know zones by their names
    return array if is_plain(kind) else _texts(series)


def is_plain(kind: "pa.DataType") -> bool:
    """Whether a table can keep values of an Arrow type as they are."""
    import pyarrow as pa

    kinds = pa.types
    return bool(
        kinds.is_integer(kind)
        or kinds.is_floating(kind)
        or kinds.is_boolean(kind)
        or kinds.is_large_string(kind)
        or (kinds.is_temporal(kind) and not kinds.is_interval(kind))
        or kinds.is_decimal128(kind)
        or kinds.is_binary(kind)
        or kinds.is_large_binary(kind)
    )


def _texts(series: "pd.Series[Any]") -> "pa.ChunkedArray":
    import pyarrow as pa

    missing = series.isna().to_numpy()
    texts = [
        None if gone else _text(value) for value, gone in zip(series.astype(object).to_list(), missing, strict=True)
    ]
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict | tuple):
        return without_surrogates(json.dumps(value, default=str, ensure_ascii=False))
    return without_surrogates(str(value))
