"""Near-duplicate values of a text column: different spellings of what is probably one value.

::

    found = find_clusters(table, ClusterParameters(column="Distributor"))
    found["clusters"][0]   # {"values": [["Warner Bros.", 318], ["WARNER BROS", 2]], "suggested": "Warner Bros.", ...}

The answer's clusters, with the values that a person picks, are what the operation ``mergeValues`` takes.
"""

from longshore.tables.clustering.finding import ClusterParameters, find_clusters

__all__ = ["ClusterParameters", "find_clusters"]
