"""The client in a program of its users: what importing it loads."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_client_loads_no_engine() -> None:
    program = (
        "import sys; from longshore import Client; Client('http://127.0.0.1:1').dataset('a');"
        "heavy = ('altair', 'celery', 'flask', 'numpy', 'pandas', 'polars', 'pyarrow', 'redis', 'scipy', 'sqlalchemy');"
        "print([name for name in sys.modules if name.split('.')[0] in heavy"
        " or (name + '.').startswith(('longshore.tables.', 'longshore.storage.', 'longshore.state.'))])"
    )
    result = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    assert result.stdout == "[]\n"
