"""Declaring jobs: a decorator turns a function into something that runs in a worker and has schemas.

::

    @job("runoff", queue="qed", timeout=600)
    def runoff(inputs: RunoffInput, progress) -> RunoffOutput:
        "Direct runoff of a storm by the curve-number method."

A function with one parameter called ``inputs`` takes the request's body as that parameter's type; otherwise each
parameter is a field of the body. A parameter called ``progress`` is a
:class:`Progress`. The schemas that forms, OpenAPI and clients need are made from the annotations.
"""

from __future__ import annotations

import inspect
import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, TypeVar, get_args, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model
from pydantic.errors import PydanticInvalidForJsonSchema

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_QUEUE = "jobs"
INPUTS, PROGRESS = "inputs", "progress"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_RESERVED = frozenset({"types"})


class Progress(Protocol):
    """What a running job tells about itself."""

    def __call__(self, done: float, total: float | None = None, message: str = "") -> None:
        """Say how much is done.

        It costs next to nothing: at most ten messages a second are sent, the newest always.

        :param done: in any unit, of ``total``.
        :param total: None when it is not known.
        :param message: a line for a person.
        """


@dataclass(frozen=True)
class JobType:
    """One declared job.

    :param inputs: reads the request's body; its value goes to the function.
    :param fields: whether that value is a mapping of the function's parameters, not its one parameter ``inputs``.
    :param timeout_seconds: longest time of one attempt; None: as the server's settings say.
    :param memory_bytes: most resident memory of its process and what it starts; None: as the settings say.
    :param retries: how often it is begun again after it raised an exception.
    :param rerun_if_lost: whether it is begun again when its worker died or had to stop; else it then fails.
    :param fresh: whether it is always begun in a process in which no job ran before.
    :param every: when the server itself submits it: ``"1h"``, or five fields as in a crontab (UTC).
    :param result_ttl_seconds: how long the result is kept; None: as the settings say.
    """

    name: str
    function: Callable[..., Any]
    inputs: TypeAdapter[Any]
    outputs: TypeAdapter[Any]
    fields: bool
    wants_progress: bool
    queue: str = DEFAULT_QUEUE
    timeout_seconds: float | None = None
    memory_bytes: int | None = None
    retries: int = 0
    retry_delay_seconds: float = 1.0
    rerun_if_lost: bool = True
    fresh: bool = False
    every: str | None = None
    result_ttl_seconds: float | None = None

    @property
    def summary(self) -> str:
        """The first line of the function's docstring, or its name."""
        return (inspect.getdoc(self.function) or self.name).partition("\n")[0]

    @property
    def place(self) -> str:
        """Module and function, for messages to whoever declared it."""
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def schemas(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """JSON Schemas of the inputs and of the outputs; ``{}``, which allows anything, where there can be none."""
        return _schema(self.inputs, "validation"), _schema(self.outputs, "serialization")

    @property
    def takes_secrets(self) -> bool:
        """Whether any of its inputs is a pydantic ``SecretStr`` or ``SecretBytes``, at whatever depth."""
        return '"writeOnly": true' in json.dumps(self.schemas()[0])

    @property
    def model(self) -> type[BaseModel] | None:
        """The model of the inputs, if they are one."""
        found = self.inputs._type
        return found if isinstance(found, type) and issubclass(found, BaseModel) else None

    @cached_property
    def is_closed(self) -> bool:
        """Whether a field that no model of the inputs has is refused: none of them says otherwise.

        pydantic ignores such a field unless it is told what to do, and a misspelt input would then be its default.
        """
        return all("extra" not in model.model_config for model in _models_in(self.inputs._type))

    def call(self, value: Any, progress: Progress) -> Any:
        """Run the function on what :attr:`inputs` read."""
        named: dict[str, Any] = {PROGRESS: progress} if self.wants_progress else {}
        if self.fields:
            return self.function(**{name: getattr(value, name) for name in type(value).model_fields}, **named)
        return self.function(value, **named)


def _models_in(annotation: Any, seen: frozenset[Any] = frozenset()) -> Iterator[type[BaseModel]]:
    """The models in a type, and in their fields, but for those that this module made of a function's parameters."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return
        seen |= {annotation}
        if annotation.__module__ != __name__:
            yield annotation
        for info in annotation.model_fields.values():
            yield from _models_in(info.annotation, seen)
    for each in get_args(annotation):
        yield from _models_in(each, seen)


def _schema(adapter: TypeAdapter[Any], mode: Literal["validation", "serialization"]) -> dict[str, Any]:
    try:
        return adapter.json_schema(mode=mode)
    except PydanticInvalidForJsonSchema:
        return {}


_types: dict[str, JobType] = {}


@overload
def job(name: Function, /) -> Function: ...


@overload
def job(
    name: str | None = None,
    *,
    queue: str = DEFAULT_QUEUE,
    timeout: float | None = None,
    memory: int | None = None,
    retries: int = 0,
    retry_delay: float = 1.0,
    rerun_if_lost: bool | None = None,
    fresh: bool = False,
    every: str | None = None,
    result_ttl: float | None = None,
    retry: bool | None = None,
) -> Callable[[Function], Function]: ...


def job(
    name: str | Function | None = None,
    *,
    queue: str = DEFAULT_QUEUE,
    timeout: float | None = None,
    memory: int | None = None,
    retries: int = 0,
    retry_delay: float = 1.0,
    rerun_if_lost: bool | None = None,
    fresh: bool = False,
    every: str | None = None,
    result_ttl: float | None = None,
    retry: bool | None = None,
) -> Function | Callable[[Function], Function]:
    """Decorator: declare a function as a job; the function itself stays as it is.

    :param name: letters, digits, ``_ . -``; part of the job's address. The function's own, if none is given.
    :param timeout: seconds; the other parameters are those of :class:`JobType`, times in seconds, memory in bytes.
    :param retry: what ``rerun_if_lost`` was called before.
    :raises ValueError: for a name that is taken or malformed, or values out of range.
    :raises TypeError: for a function that cannot be a job (a coroutine, ``*args``).
    """
    if callable(name):
        return job()(name)
    may_rerun = _may_rerun(rerun_if_lost, retry)

    def declare(function: Function) -> Function:
        called = function.__name__ if name is None else name
        _require_name(called)
        _require_range(called, timeout=timeout, memory=memory, result_ttl=result_ttl)
        if retries < 0 or retry_delay < 0:
            raise ValueError(f"job {called!r}: retries and retry_delay cannot be negative")
        inputs, outputs, fields, wants_progress = _read_signature(called, function)
        declared = JobType(
            called,
            function,
            inputs,
            outputs,
            fields,
            wants_progress,
            queue=queue,
            timeout_seconds=timeout,
            memory_bytes=memory,
            retries=retries,
            retry_delay_seconds=retry_delay,
            rerun_if_lost=may_rerun,
            fresh=fresh,
            every=every,
            result_ttl_seconds=result_ttl,
        )
        other = _types.get(called)
        if other is not None and other.place != declared.place:
            raise ValueError(f"two jobs are called {called!r}: {other.place} and {declared.place}")
        _types[called] = declared
        return function

    return declare


def _require_range(name: str, **limits: float | None) -> None:
    for label, value in limits.items():
        if value is not None and not value > 0:
            raise ValueError(f"job {name!r}: {label} has to be more than 0, not {value!r}")


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise ValueError(
            f"{name!r} cannot be a job's name: take letters, digits, '_', '.' and '-', beginning with a letter"
        )


def _read_signature(name: str, function: Callable[..., Any]) -> tuple[TypeAdapter[Any], TypeAdapter[Any], bool, bool]:
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"job {name!r}: {function.__qualname__} has to be a plain function")
    hints = get_type_hints(function, include_extras=True)
    outputs: TypeAdapter[Any] = TypeAdapter(hints.get("return", Any))
    parameters = dict(inspect.signature(function).parameters)
    for parameter in parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"job {name!r}: {function.__qualname__} cannot take {parameter}; name each parameter")
    wants_progress = parameters.pop(PROGRESS, None) is not None
    if list(parameters) == [INPUTS]:
        return TypeAdapter(hints.get(INPUTS, Any)), outputs, False, wants_progress
    return TypeAdapter(_fields_model(name, parameters, hints)), outputs, True, wants_progress


def _may_rerun(rerun_if_lost: bool | None, retry: bool | None) -> bool:
    if retry is None:
        return True if rerun_if_lost is None else rerun_if_lost
    if rerun_if_lost is not None:
        raise ValueError("@job: retry is the former name of rerun_if_lost; give one of them")
    # Of the line of @job, above this one and job().
    warnings.warn(f"@job(retry={retry}) is now called rerun_if_lost={retry}", DeprecationWarning, stacklevel=3)
    return retry


def _fields_model(name: str, parameters: Mapping[str, inspect.Parameter], hints: Mapping[str, Any]) -> Any:
    fields: dict[str, Any] = {
        each: (hints.get(each, Any), ... if parameter.default is parameter.empty else parameter.default)
        for each, parameter in parameters.items()
    }
    return create_model(f"{name}_inputs", __config__=ConfigDict(extra="forbid"), **fields)


def all_jobs() -> list[JobType]:
    """Every declared job, by name."""
    return [_types[name] for name in sorted(_types)]


def find_job(name: str) -> JobType | None:
    """The job of this name, if it is declared in this process."""
    return _types.get(name)


def all_queues() -> set[str]:
    """The queues of all declared jobs."""
    return {declared.queue for declared in _types.values()}


def result_ttl_seconds(name: str, default: float) -> float:
    """How long the result of a job of this type is kept; ``default`` when its declaration does not say."""
    declared = _types.get(name)
    return default if declared is None or declared.result_ttl_seconds is None else declared.result_ttl_seconds


def forget_jobs(package: str = "") -> None:
    """Forget the jobs that modules of ``package`` declared, or all, before those modules are loaded anew."""
    for name, declared in list(_types.items()):
        if f"{declared.function.__module__}.".startswith(f"{package}." if package else ""):
            del _types[name]
