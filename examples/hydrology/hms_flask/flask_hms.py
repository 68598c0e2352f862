"""The Flask application: its routes know nothing of the prefix under which they are mounted."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Flask, request
from flask_restful import Api, Resource
from pydantic import ValidationError

from hms_flask.curve_number import RunoffInput
from hms_flask.modules.hms_controller import hms_runoff
from longshore import celery

app = Flask(__name__)
api = Api(app)


class Runoff(Resource):
    """``POST /runoff``: start a calculation."""

    def post(self) -> tuple[dict[str, Any], int]:
        """The id under which the result can be had; 400 with what is wrong in the request."""
        try:
            inputs = RunoffInput.model_validate(request.get_json(silent=True) or {})
        except ValidationError as error:
            return {"error": [_sentence(problem) for problem in error.errors()]}, 400
        return {"job_id": hms_runoff.delay(inputs.model_dump()).id}, 202


class Data(Resource):
    """``GET /data?job_id=ID``: status and result in one."""

    def get(self) -> Any:
        """``{"id", "status", "data"}``; the data are there once the status is SUCCESS."""
        job_id = request.args.get("job_id", "")
        if not _is_id(job_id):
            return {"error": "id provided is invalid."}, 400
        task = celery.AsyncResult(job_id)
        # Read once: another process may end it between two looks.
        state = task.state
        return {"id": job_id, "status": state, "data": task.result if state == "SUCCESS" else None}


api.add_resource(Runoff, "/runoff")
api.add_resource(Data, "/data")


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _sentence(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
