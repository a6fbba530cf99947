"""The types of events in SQL.

A query over every type names them, so that the index on (event_type, occurred_at) finds the events by their time.
"""

from viral_contract.models.events import EVENT_TYPES

EVENT_TYPES_SQL = "ARRAY[" + ", ".join(f"'{each}'" for each in EVENT_TYPES) + "]"
