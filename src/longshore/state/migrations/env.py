"""Runs the migrations on the connection that :func:`longshore.state.database.migrate` opened."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from longshore.state.database import PackedJSON, metadata


def render_as_stored(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write what the database sees: a migration must not change when our own column types do."""
    return "sa.LargeBinary()" if kind == "type" and isinstance(item, PackedJSON) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_as_stored,
    render_as_batch=True,  # SQLite cannot alter a column in place
    transaction_per_migration=False,
)
context.run_migrations()
