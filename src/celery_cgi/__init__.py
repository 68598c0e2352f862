"""``from celery_cgi import celery``, as the older model server's applications write it: ``longshore``'s own."""

import sys

from longshore.handlers import older

sys.modules[__name__] = older.celery_cgi
