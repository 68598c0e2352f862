"""The task that the workers carry out: the server's own Celery application has it, on the queue ``qed``."""

from __future__ import annotations

from typing import Any

from hms_flask.curve_number import RunoffInput, estimate
from longshore import celery


@celery.task(name="hms_runoff", bind=True, queue="qed", ignore_result=False)
def hms_runoff(self: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """The direct runoff of one storm.

    :param inputs: the fields of ``RunoffInput``, which the route has checked.
    """
    return estimate(RunoffInput.model_validate(inputs)).model_dump()
