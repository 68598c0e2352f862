"""Every HTTP route of this feature, on one page.

::

    GET    /api/v1/jobs/types             the declared jobs with their schemas
    GET    /api/v1/jobs/types/<name>      one of them
    GET    /api/v1/jobs                   newest first, by type and status, in pages
    POST   /api/v1/jobs/<name>            submit a job; <name> is that of its type
    POST   /api/v1/jobs/<name>/batch      submit many, all or none
    GET    /api/v1/jobs/<id>              how a job stands, with its result
    GET    /api/v1/jobs/<id>/result       its result, of any size
    GET    /api/v1/jobs/<id>/inputs       what it was submitted with
    DELETE /api/v1/jobs/<id>              cancel it

A type and an id stand at the same place of a path, so both are called ``job`` there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Response, request, send_file

from longshore.access.callers import current_user
from longshore.errors import Expired, shorten
from longshore.jobs import declaring, wire
from longshore.jobs.declaring import JobType
from longshore.jobs.records import FINISHED, Job
from longshore.jobs.service import Jobs, Request
from longshore.jobs.submitting import LINES_TYPES
from longshore.web.answer import Answer
from longshore.web.api import IDEMPOTENCY_KEY, KEY_HEADER, Api, Endpoint, answer_response
from longshore.web.request_body import read_body

TAG = "Jobs"
_JSON = "application/json"


def declare_jobs_api(api: Api, service: Jobs) -> None:
    """Put the routes on the list that the OpenAPI document is made from. See also :func:`document_declared_jobs`."""

    @api.endpoint("GET", f"{wire.BASE}/types", tag=TAG, answer=wire.JobTypeList)
    def list_job_types() -> wire.JobTypeList:
        """Every declared job with the JSON Schemas of its inputs and its result."""
        return wire.JobTypeList(types=[service.describe_type(declared.name) for declared in declaring.all_jobs()])

    @api.endpoint("GET", f"{wire.BASE}/types/<name>", tag=TAG, answer=wire.DeclaredJob)
    def show_job_type(name: str) -> wire.DeclaredJob:
        """One declared job with the JSON Schemas of its inputs and its result."""
        return service.describe_type(name)

    @api.endpoint("GET", wire.BASE, tag=TAG, query=wire.ListQuery, answer=wire.JobList)
    def list_jobs(query: wire.ListQuery) -> wire.JobList:
        """Jobs, the newest first, by type and status, in pages."""
        return service.page(query)

    @api.endpoint(
        "POST",
        f"{wire.BASE}/<job>",
        tag=TAG,
        query=wire.SubmitQuery,
        answer=wire.Submitted,
        status=202,
        raw=_inputs_body({}),
        headers=(IDEMPOTENCY_KEY,),
    )
    def submit_job(job: str, query: wire.SubmitQuery) -> Response:
        """Submit a job: the path names its type, the body is its inputs as JSON."""
        return _submitted(service, job, query)

    @api.endpoint(
        "POST",
        f"{wire.BASE}/<job>/batch",
        tag=TAG,
        query=wire.SubmitQuery,
        answer=wire.BatchSubmitted,
        status=202,
        raw=_batch_body(),
        headers=(IDEMPOTENCY_KEY,),
    )
    def submit_jobs(job: str, query: wire.SubmitQuery) -> Response:
        """Submit many jobs of a type, all or none: a JSON array of inputs, or NDJSON."""
        lines = request.mimetype in LINES_TYPES
        ids = service.submit_batch(job, read_body(), _asked(service, query), lines=lines)
        return _answer(wire.BatchSubmitted(jobs=ids), 202)

    @api.endpoint("GET", f"{wire.BASE}/<job>", tag=TAG, query=wire.ShowQuery, answer=wire.JobAnswer)
    def show_job(job: str, query: wire.ShowQuery) -> Response:
        """How a job stands: its status and progress, its result or why it failed."""
        found = service.show(job, query.wait)
        return _job_answer(found, service.inline_result(found))

    @api.endpoint(
        "GET",
        f"{wire.BASE}/<job>/result",
        tag=TAG,
        raw={"responses": {"200": {"description": "The result", "content": {_JSON: {"schema": {}}}}}},
    )
    def show_result(job: str) -> Response:
        """A job's result by itself, of any size."""
        result = service.result(job)
        return _file_answer(result) if isinstance(result, Path) else _no_store(Response(result, mimetype=_JSON))

    @api.endpoint(
        "GET",
        f"{wire.BASE}/<job>/inputs",
        tag=TAG,
        raw={"responses": {"200": {"description": "The inputs", "content": {_JSON: {"schema": {}}}}}},
    )
    def show_inputs(job: str) -> Response:
        """What a job was submitted with, as it came; not of a type that takes secrets."""
        return _no_store(Response(service.inputs(job), mimetype=_JSON))

    @api.endpoint("DELETE", f"{wire.BASE}/<job>", tag=TAG, answer=wire.JobAnswer)
    def cancel_job(job: str) -> Response:
        """Cancel a job: 200 once it is REVOKED, 202 while its worker is still ending it."""
        found = service.cancel(job)
        return _answer(wire.describe(found), 200 if found.is_finished else 202)


def document_declared_jobs(api: Api, service: Jobs) -> None:
    """Describe each declared job in the OpenAPI document under an address of its own, with its schema.

    The route for all types answers there, too, so this may come after the routes were registered, once handlers have
    declared their jobs.
    """
    for declared in declaring.all_jobs():
        api.add(_typed_endpoint(service, declared))


def _typed_endpoint(service: Jobs, declared: JobType) -> Endpoint:
    def submit(query: wire.SubmitQuery) -> Response:
        return _submitted(service, declared.name, query)

    submit.__name__ = f"submit.{declared.name}.job"
    schemas, inputs = _components(declared)
    return Endpoint(
        "POST",
        f"{wire.BASE}/{declared.name}",
        submit,
        shorten(declared.summary, 200),
        TAG,
        query=wire.SubmitQuery,
        answer=wire.Submitted,
        status=202,
        raw=_inputs_body(inputs),
        headers=(IDEMPOTENCY_KEY,),
        schemas=schemas,
    )


def _components(declared: JobType) -> tuple[dict[str, Any], dict[str, Any]]:
    """The named schemas of a job's inputs under names of its own, and the schema of the inputs itself."""
    prefix = f"#/components/schemas/{declared.name}."
    text = json.dumps(declared.schemas()[0]).replace('"#/$defs/', f'"{prefix}')
    schema: dict[str, Any] = json.loads(text)
    named = schema.pop("$defs", {})
    return {f"{declared.name}.{name}": each for name, each in named.items()}, schema


def _inputs_body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": False, "content": {_JSON: {"schema": schema}}}}


def _batch_body() -> dict[str, Any]:
    content = {_JSON: {"schema": {"type": "array"}}, "application/x-ndjson": {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": content}}


def _asked(service: Jobs, query: wire.SubmitQuery) -> Request:
    return Request(query.queue, request.headers.get(KEY_HEADER), current_user(service.settings))


def _submitted(service: Jobs, name: str, query: wire.SubmitQuery) -> Response:
    job = service.submit(name, read_body(), _asked(service, query))
    # Only a job that was accepted before under the same key can have ended.
    response = _answer(wire.describe_submitted(job), 200 if job.status in FINISHED else 202)
    response.headers["Location"] = wire.links(job.id).self
    return response


def _answer(answer: Answer, status: int) -> Response:
    return _no_store(answer_response(answer, status))


def _job_answer(job: Job, data: bytes | None) -> Response:
    """The job with its result inside, which is sent as it was kept instead of being read and written once more."""
    text = json.dumps(wire.describe(job).to_wire(), separators=(",", ":")).encode()
    if data is not None:
        text = text[:-1] + b',"data":' + data + b"}"
    return _no_store(Response(text, mimetype=_JSON))


def _file_answer(path: Path) -> Response:
    try:
        return _no_store(send_file(path, mimetype=_JSON, conditional=True, max_age=0))
    except FileNotFoundError:
        raise Expired("the result's file is gone; it expired just now, or was removed by hand") from None


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
