"""What a field seems to be, at a glance: a value, such as a number or a date, or words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

Record = Sequence[tuple[bytes, bool]]

_YEAR = re.compile(rb"19\d\d|20\d\d|2100")
MANY = 0.6
"""Share of the fields of a column that is taken for the column."""
_CURRENCY = rb"(?:[$]|\xc2[\xa3\xa5]|\xe2\x82\xac|[A-Z]{3})"
_BARE = rb"(?:\d[\d.,' ]*|[.,]\d+)(?:[eE][-+]?\d+)?"
_VALUE = re.compile(rb"[(]?[-+]?\s?(?:" + _CURRENCY + rb"\s?)?[-+]?" + _BARE + rb"\s?(?:%|" + _CURRENCY + rb")?[)]?")
MOMENT = re.compile(
    rb"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ]\d.*)?|\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?"
    rb"|\d{1,2}[- ][A-Za-z]{3}[- ]\d{2,4}"
)


def is_value(content: bytes) -> bool:
    """Whether a field is a number, also one of money, or a date or a time, as far as a glance tells.

    >>> [is_value(each) for each in (b"-1,234.5", b"$5", b"3.4.2020", b"12:30", b"a1", b"")]
    [True, True, True, True, False, False]
    """
    text = content.strip()
    return bool(text) and (_VALUE.fullmatch(text) is not None or MOMENT.fullmatch(text) is not None)


def is_year(content: bytes) -> bool:
    """Whether a field may be a year of our times: as a name such a number is more likely than others."""
    return _YEAR.fullmatch(content.strip()) is not None


def holds_rows(records: Sequence[Record]) -> bool:
    """Whether some records are a table's own: two at least, equally wide, with values below each other.

    >>> cut = lambda text: [[(field, False) for field in line.split(b",")] for line in text.split()]
    >>> holds_rows(cut(b"id,name 1,Ann 2,Bob")), holds_rows(cut(b"Account:,DE12 Until:,May Balance:,7"))
    (True, False)
    """
    wide = [record for record in records if len(record) > 1 and sum(bool(value.strip()) for value, _ in record) > 1]
    if not wide:
        return False
    (width, _), *_ = Counter(map(len, wide)).most_common(1)
    alike = [[is_value(value) for value, _ in record] for record in wide if len(record) == width]
    body = alike if any(alike[0]) else alike[1:]
    return len(alike) > 1 and any(sum(column) >= MANY * len(body) for column in zip(*body, strict=True))
