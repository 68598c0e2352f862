"""``from pyserver.core import app``: the same objects as ``longshore``'s."""

import sys

from longshore.handlers import older

sys.modules[__name__] = older
