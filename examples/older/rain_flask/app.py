"""An application as the older model server merged them; nothing in it knows of Longshore.

flask-restful with ``reqparse``, Celery from ``celery_cgi``, tasks that are methods of a resource and name their queue
only where they are sent, results in MongoDB that go away after a day.
"""

import json
import os
from datetime import UTC, datetime

import pymongo
from flask import Flask, Response
from flask_restful import Api, Resource, reqparse

from celery_cgi import celery

app = Flask(__name__)
api = Api(app)

parser_base = reqparse.RequestParser()
DAY_SECONDS = 86400


def results():
    """The collection of results; every task opens a connection of its own."""
    client = pymongo.MongoClient(os.environ.get("RAIN_MONGODB", "mongodb://localhost:27017/0"))
    posts = client["rain_flask"].posts
    posts.create_index([("date", pymongo.DESCENDING)], expireAfterSeconds=DAY_SECONDS)
    return posts


class Rain(Resource):
    """``GET /rain?depths=2&depths=3.5``: start a sum of depths; the answer is its id."""

    parser = parser_base.copy()
    parser.add_argument("depths", type=float, action="append")

    def get(self):
        """Send the task to the queue ``qed``."""
        depths = self.parser.parse_args().depths or []
        sent = self.total.apply_async(args=(depths,), queue="qed")
        return Response(json.dumps({"job_id": sent.id}), content_type="application/json")

    @celery.task(name="rain_flask_total", bind=True)
    def total(self, depths):
        """Add up, and leave the result in MongoDB under the task's id."""
        task_id = celery.current_task.request.id
        data = {"total": sum(depths), "unit": "in"}
        document = {"_id": task_id, "date": datetime.now(UTC), "data": json.dumps(data)}
        results().replace_one({"_id": task_id}, document, upsert=True)


class RainData(Resource):
    """``GET /rain/data?job_id=ID``: status and result in one."""

    parser = parser_base.copy()
    parser.add_argument("job_id")

    def get(self):
        """``{"id", "status", "data"}``; the data are there once the status is SUCCESS."""
        task_id = self.parser.parse_args().job_id
        if task_id is None:
            return Response(json.dumps({"error": "id provided is invalid."}), content_type="application/json")
        status = celery.AsyncResult(task_id).status
        answer = {"id": task_id, "status": status}
        if status == "SUCCESS":
            answer["data"] = json.loads(results().find_one({"_id": task_id})["data"])
        return Response(json.dumps(answer), content_type="application/json")


api.add_resource(Rain, "/rain")
api.add_resource(RainData, "/rain/data")
