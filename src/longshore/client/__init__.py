"""The Python client: a dataset on a server, used like an object.

::

    from longshore import Client

    movies = Client("http://127.0.0.1:5000").upload("movies.json")
    movies.fill_with_average(column="IMDB Rating", metric="mean")
    movies.rows(0, 10)
    movies.undo()
    movies.to_polars()

Jobs that the server runs, with a progress bar in a terminal or a notebook::

    client.job("runoff", {"curve_number": 80, "rain": 3.5}).result()

Every operation of the server is a method, under its name in Python's spelling, with its parameters by keyword. The
client learns them from the server that it talks to, so it needs nothing of the engine, and has what a newer one can do.
A failed request raises the same error class that the server raised.
"""

from longshore.client.datasets import CHUNK_BYTES, Client, Dataset, add_operation_method
from longshore.client.jobs import Job
from longshore.client.transport import POLL_SECONDS, TIMEOUT_SECONDS

__all__ = ["CHUNK_BYTES", "POLL_SECONDS", "TIMEOUT_SECONDS", "Client", "Dataset", "Job", "add_operation_method"]
