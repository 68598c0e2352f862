"""Every error a client can see, in one tree.

::

    LongshoreError                 code on the wire    HTTP
    ├── InvalidRequest             InvalidRequest      400   the request's shape is wrong
    ├── SessionNotFound            SessionNotFound     404   no dataset has this id
    ├── JobNotFound                JobNotFound         404   no job, or no type of jobs, has this name
    ├── Expired                    Expired             410   it was there, and its time is over
    ├── JobFailed                  JobFailed           409   the job ended without a result
    ├── ColumnNotFound             ColumnNotFound      422   no such column in this version
    ├── RowNotFound                RowNotFound         422   no such row in this version
    ├── InvalidType                InvalidType         422   the column's type does not allow this
    ├── InvalidValue               InvalidValue        422   a value does not fit
    │   ├── UnreadableFile         InvalidValue        422   an uploaded file cannot be read
    │   ├── InvalidInputs          InvalidValue        422   a job's inputs do not fit; names every field
    │   └── InvalidResult          InvalidResult       422   a job returned what is not JSON
    ├── InvalidPattern             InvalidPattern      422   a regular expression is malformed
    ├── NameTaken                  NameTaken           409   another column has this name
    ├── IllegalOperation           IllegalOperation    409   not possible in this state
    ├── TooLarge                   TooLarge            413   over a limit
    ├── TimedOut                   TimedOut            504   over a time limit
    ├── Unauthorized               Unauthorized        401   no token was shown, or a wrong one
    ├── TooManyRequests            TooManyRequests     429   more than the limits allow
    ├── Disabled                   Disabled            403   the configuration turned it off
    │   └── Forbidden              Disabled            403   the caller may not do this
    ├── Unavailable                Unavailable         503   a part of the server is away
    │   ├── UnknownOutcome         Unavailable         503   nobody knows whether it was accepted
    │   └── StorageFull            Unavailable         507   the disk is full
    ├── DamagedData                DamagedData         500   a dataset's files are damaged or gone
    └── Internal                   Internal            500   our fault; carries the id of a log line

``SettingsError`` and ``LoadError`` stand outside: they end the start of the server and are never sent to a client.
"""

from __future__ import annotations

import difflib
import errno
import math
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, get_args

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError


_UNION_BRANCHES = frozenset({"int", "str", "float", "bool", "none", "list", "dict"})


class LongshoreError(Exception):
    """Base of every error that a client can see.

    :param description: a sentence for a person, with a hint where there is one.
    """

    code: ClassVar[str] = "Internal"
    status: ClassVar[int] = 500

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description

    def to_wire(self) -> dict[str, Any]:
        """The fields that every failed answer carries."""
        return {"error": self.code, "errorDescription": self.description}


class InvalidRequest(LongshoreError):
    """The request's shape is wrong: a field is absent, of the wrong JSON type, or out of its range."""

    code = "InvalidRequest"
    status = 400

    @classmethod
    def from_validation(cls, error: ValidationError, model: type[BaseModel]) -> InvalidRequest:
        """The first problem that a model found, under the field's name on the wire, and the number of the others."""
        problems = error.errors(include_url=False, include_context=False)
        unknown = next((each for each in problems if each["type"] == "extra_forbidden"), None)
        # A misspelt name explains the absent one that goes with it.
        first = unknown or problems[0]
        if first["type"] == "missing":
            absent = [_place(each["loc"]) for each in problems if each["type"] == "missing"]
            if len(absent) > 1:
                more = f" (and {len(problems) - len(absent)} more)" if len(problems) > len(absent) else ""
                return cls(shorten(f"{', '.join(absent[:-1])} and {absent[-1]}: fields required", 300) + more)
        place = _place(first["loc"])
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        if unknown is not None:
            return cls(shorten(unknown_name(place, _names_at(model, unknown["loc"][:-1])), 300) + more)
        field = model.model_fields.get(place)
        place = field.alias if field is not None and field.alias else place
        message = first["msg"].removeprefix("Value error, ")
        sentence = f"{place}: {message[:1].lower()}{message[1:]}" if place else message
        return cls(shorten(sentence, 300) + more)


def unknown_name(name: str, known: Iterable[str], what: str = "parameter") -> str:
    """The sentence for a name that nothing takes, with the nearest one that is taken, or all where they are few.

    >>> unknown_name("dryrun", ["dryRun", "recipe"])
    "unknown parameter 'dryrun'; did you mean dryRun?"
    >>> unknown_name("queue", ["type", "status"])
    "unknown parameter 'queue'; there are type and status"
    >>> unknown_name("queue", [])
    "unknown parameter 'queue'; none is taken here"
    """
    names = list(known)
    last = name.rpartition(".")[2]
    by_folded = {_folded(each): each for each in names}
    near = difflib.get_close_matches(_folded(last), by_folded, n=1, cutoff=_NEAR)
    if near:
        hint = f"did you mean {by_folded[near[0]]}?"
    elif len(names) > _FEW:
        hint = "the documentation lists those there are"
    elif len(names) > 1:
        hint = f"there are {', '.join(names[:-1])} and {names[-1]}"
    else:
        hint = f"there is only {names[0]}" if names else "none is taken here"
    return f"unknown {what} {shorten(name)!r}; {hint}"


def refuse_unknown(names: Iterable[str], known: Collection[str]) -> None:
    """:raises InvalidRequest: for a name that is not among those that are known, see :func:`unknown_name`."""
    for name in names:
        if name not in known:
            raise InvalidRequest(unknown_name(name, known))


def looks_misspelt(name: str, known: Iterable[str]) -> bool:
    """Whether a name is nearly one that is known, where names that mean nothing to us may stand as well.

    >>> looks_misspelt("ifversion", ["ifVersion"]), looks_misspelt("filetype", ["delimiter", "sheet"])
    (True, False)
    """
    folded = {each.casefold() for each in known}
    return bool(difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_MISSPELT))


_MISSPELT = 0.75
"""Likeness from which on a name that might be somebody else's counts as one of ours."""
_NEAR = 0.66
"""Least likeness of a name that is suggested: less, and `version` would be taken for `expiresIn`."""
_FEW = 8
"""So many names are listed where none is near."""


def _folded(name: str) -> str:
    """A name without what is misspelt most: capitals, underscores and hyphens."""
    return name.casefold().replace("_", "").replace("-", "")


def _names_at(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """The names on the wire of the fields of the model that stands at a place inside another."""
    for part in path:
        info = model.model_fields.get(str(part)) or next(
            (each for each in model.model_fields.values() if each.alias == part), None
        )
        inner = _model_in(info.annotation) if info is not None else None
        model = inner or model
    return [info.alias or name for name, info in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The first model in a type such as ``list[Key] | None``."""
    if hasattr(annotation, "model_fields"):
        found: type[BaseModel] = annotation
        return found
    return next((inner for each in get_args(annotation) if (inner := _model_in(each)) is not None), None)


class SessionNotFound(LongshoreError):
    """No dataset has the id that was named."""

    code = "SessionNotFound"
    status = 404

    @classmethod
    def unknown(cls) -> SessionNotFound:
        """The error for an id that leads nowhere."""
        # The id itself is a capability and stays out of the sentence, which may be logged.
        return cls("there is no dataset with this session id; it may have been deleted, or the id is mistyped")


class ColumnNotFound(LongshoreError):
    """No column of this version has the name or the index that was given."""

    code = "ColumnNotFound"
    status = 422

    @classmethod
    def named(cls, name: str, known: Iterable[str]) -> ColumnNotFound:
        """The error for a name, with the nearest known one as a hint."""
        near = difflib.get_close_matches(name, list(known), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return cls(f"no column {shorten(name)!r}{hint}")

    @classmethod
    def at(cls, index: int, width: int) -> ColumnNotFound:
        """The error for an index in a table of ``width`` columns."""
        if width == 0:
            return cls(f"no column at index {index}: the table has no columns")
        return cls(f"no column at index {index}; the columns are numbered 0 to {width - 1}")


class RowNotFound(LongshoreError):
    """No row of this version has the number that was given."""

    code = "RowNotFound"
    status = 422

    @classmethod
    def at(cls, index: int, rows: int) -> RowNotFound:
        """The error for a row's number in a table of ``rows`` rows."""
        if rows == 0:
            return cls(f"no row {index}: the table has no rows")
        return cls(f"no row {index}; the rows are numbered 0 to {rows - 1}")


class InvalidType(LongshoreError):
    """The operation does not work on a column of this type."""

    code = "InvalidType"
    status = 422


class InvalidValue(LongshoreError):
    """A value does not fit where it was put."""

    code = "InvalidValue"
    status = 422


class UnreadableFile(InvalidValue):
    """An uploaded file is empty, broken, or not in the format that its name promises."""


class InvalidInputs(InvalidValue):
    """A job's inputs do not fit what it was declared to take.

    :ivar fields: what is wrong, a dictionary each: ``field`` (such as ``storms[3].depth``; "" for the whole),
        ``message``, and in a batch ``line`` or ``item``, where it stands.
    """

    def __init__(self, description: str, fields: Iterable[Mapping[str, Any]] = ()) -> None:
        super().__init__(description)
        self.fields = [dict(each) for each in fields]

    @classmethod
    def of_fields(cls, fields: Sequence[Mapping[str, Any]], number: int | None = None) -> InvalidInputs:
        """The error for these fields, with the first of them in its sentence.

        :param number: of problems, when ``fields`` does not hold all.
        """
        first = fields[0]
        places = [f"{name} {first[name]}" for name in ("line", "item") if name in first]
        places += [first["field"]] if first["field"] else []
        more = (number or len(fields)) - 1
        sentence = ": ".join([*places, first["message"]])
        return cls(shorten(sentence, 300) + (f" (and {more:,} more)" if more else ""), fields)

    def to_wire(self) -> dict[str, Any]:
        """The standard fields, and one entry for each problem."""
        return {**super().to_wire(), "fields": self.fields}


def list_problems(
    error: ValidationError, model: type[BaseModel] | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """What a model found wrong, as :class:`InvalidInputs` has it; the values themselves stay out.

    :param model: whose fields are told for one that is not known.
    """

    def message(each: Mapping[str, Any]) -> str:
        if each["type"] != "extra_forbidden" or model is None:
            return _plain(each["msg"])
        place = [part for part in each["loc"] if isinstance(part, str)]
        return unknown_name(str(each["loc"][-1]), _names_at(model, place[:-1]), "field")

    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return [{"field": _place(each["loc"]), "message": message(each)} for each in problems[:limit]]


def _place(location: Sequence[int | str]) -> str:
    # pydantic names the branch of a union in the path; a client knows nothing of our types.
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part not in _UNION_BRANCHES]
    return "".join(parts).removeprefix(".")


def _plain(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return shorten(f"{message[:1].lower()}{message[1:]}", 300)


class JobNotFound(LongshoreError):
    """No job has this id, or no job is declared under this name."""

    code = "JobNotFound"
    status = 404

    @classmethod
    def unknown(cls) -> JobNotFound:
        """The error for an id that leads nowhere."""
        return cls("there is no job with this id; its record may have been removed, or the id is mistyped")

    @classmethod
    def undeclared(cls, name: str, known: Iterable[str]) -> JobNotFound:
        """The error for a type, with the nearest known one as a hint."""
        near = difflib.get_close_matches(name, list(known), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "; /api/v1/jobs/types lists those that are"
        return cls(f"no job is declared under the name {shorten(name)!r}{hint}")


class Expired(LongshoreError):
    """It was there, and the time for which it is kept is over."""

    code = "Expired"
    status = 410


class JobFailed(LongshoreError):
    """A job ended without a result.

    :ivar reason: the code of its failure, such as ``TimedOut``; ``Revoked`` for one that was cancelled.
    :ivar log_tail: the last lines that it wrote.
    """

    code = "JobFailed"
    status = 409

    def __init__(self, description: str, reason: str = "JobFailed", log_tail: str = "") -> None:
        super().__init__(description)
        self.reason = reason
        self.log_tail = log_tail

    def to_wire(self) -> dict[str, Any]:
        """The standard fields, the reason's code and the last lines of the job's log."""
        return {**super().to_wire(), "reason": self.reason, "logTail": self.log_tail}


class InvalidResult(InvalidValue):
    """A job returned what is not JSON, or not what it declared; the sentence says where it stands."""

    code = "InvalidResult"


class InvalidPattern(LongshoreError):
    """A regular expression, or the replacement that goes with it, is malformed."""

    code = "InvalidPattern"
    status = 422


class NameTaken(LongshoreError):
    """Another column has this name already."""

    code = "NameTaken"
    status = 409


class IllegalOperation(LongshoreError):
    """The operation exists but cannot be done in this state, such as an undo with nothing to undo."""

    code = "IllegalOperation"
    status = 409


class TooLarge(LongshoreError):
    """Something is over a limit of the server or of a format."""

    code = "TooLarge"
    status = 413


class TimedOut(LongshoreError):
    """Something took longer than its limit and was ended."""

    code = "TimedOut"
    status = 504


class Unauthorized(LongshoreError):
    """The request needs a token and shows none, or one that is not known."""

    code = "Unauthorized"
    status = 401


class TooManyRequests(LongshoreError):
    """More requests, or wrong tokens, than the limits allow.

    :ivar retry_after_seconds: when to ask again.
    """

    code = "TooManyRequests"
    status = 429
    retry_after_seconds = 1

    @classmethod
    def after(cls, seconds: float, reason: str) -> TooManyRequests:
        """The error with its time; ``reason`` begins the sentence."""
        whole = max(1, math.ceil(seconds))
        error = cls(f"{reason}; ask again in {whole} s")
        error.retry_after_seconds = whole
        return error


class Disabled(LongshoreError):
    """The configuration turned this off; the sentence names the setting."""

    code = "Disabled"
    status = 403


class Forbidden(Disabled):
    """The caller did not show what this request needs, such as the internal secret."""


RETRY_SECONDS = 5
"""When to come again, who found no room, or a part of the server away."""


class Unavailable(LongshoreError):
    """A part of the server (broker, database, workers) cannot be reached at the moment."""

    code = "Unavailable"
    status = 503


class UnknownOutcome(Unavailable):
    """The database went away while it kept a request, and did not come back to say how that ended."""

    @classmethod
    def now(cls) -> UnknownOutcome:
        """The error with its standard sentence."""
        return cls(
            "the server's database went away while it kept this request, so nobody knows whether it will be done: "
            "look before you send it again, or send it with an Idempotency-Key, under which it is done once"
        )


class StorageFull(Unavailable):
    """The disk has no room left; nothing was changed."""

    status = 507

    @classmethod
    def now(cls) -> StorageFull:
        """The error with its standard sentence."""
        return cls("the server's disk is full; nothing was changed. Free some space and send the request again")


class DamagedData(LongshoreError):
    """Files of a dataset are damaged, or gone from the disk; asking again does not help.

    :ivar whole_version: number of the last version before that can be read; None when there is none.
    """

    code = "DamagedData"
    status = 500

    def __init__(self, description: str, whole_version: int | None = None) -> None:
        super().__init__(description)
        self.whole_version = whole_version

    def to_wire(self) -> dict[str, Any]:
        """The standard fields, and the version for programs."""
        return {**super().to_wire(), "wholeVersion": self.whole_version}


class Internal(LongshoreError):
    """Our own fault. ``error_id`` stands in the log beside the traceback, which the client never sees."""

    code = "Internal"
    status = 500

    def __init__(self, error_id: str | None = None) -> None:
        self.error_id = error_id or secrets.token_hex(4)
        super().__init__(
            "something went wrong inside the server; nothing was changed. "
            f"The log has the details under {self.error_id}"
        )

    def to_wire(self) -> dict[str, Any]:
        """The standard fields, and the id by itself for programs."""
        return {**super().to_wire(), "eid": self.error_id}


class SettingsError(Exception):
    """A setting has a value that the server cannot start with."""


class LoadError(Exception):
    """Something that the deployer added (a handler, a task module, a mount) cannot be loaded."""


def shorten(text: str, limit: int = 80) -> str:
    """``text`` cut to ``limit`` characters, so that a sentence never carries megabytes of a client's input."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def is_disk_full(error: BaseException) -> bool:
    """Whether an error of the operating system, an engine or a database says that there is no room left.

    So do those that came of it. Sources: errno(3), SQLite's result codes, PostgreSQL's error codes.
    """
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        if _says_disk_full(each):
            return True
        each = each.__cause__ or each.__context__
    return False


_FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT)
_SQLITE_FULL = 13
_POSTGRESQL_FULL = "53100"
_FULL_WORDS = ("No space left on device", "os error 28", "disk is full", "Disk quota exceeded", "os error 122")


def _says_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _FULL_ERRNOS:
        return True
    told = getattr(error, "orig", None) or error
    if getattr(told, "sqlite_errorcode", 0) & 0xFF == _SQLITE_FULL or getattr(told, "sqlstate", "") == _POSTGRESQL_FULL:
        return True
    text = str(error)
    return any(words in text for words in _FULL_WORDS)
