"""Statistics of columns, see :func:`.analyze`, and of whole tables, see :func:`.profile`.

The engine's own distinct count of ten million texts takes 1.4 GB. Here the values are counted in the way that suits
them: numbers and moments by sorting, few texts by grouping (a first scan estimates how many differ), many texts by
sorting their 64-bit hashes (:mod:`.hashing`). What was found is kept by column file (:mod:`.cache`).
"""

from longshore.tables.profiling.cache import StatisticsCache
from longshore.tables.profiling.columns import analyze
from longshore.tables.profiling.shown import Shown
from longshore.tables.profiling.whole import profile

__all__ = ["Shown", "StatisticsCache", "analyze", "profile"]
