"""The ledgers of background work, listed once: reports, deliveries and batches."""

from metrics_api.batches.ledger import BATCH_LEDGER
from metrics_api.deliveries.dead_letters import DELIVERY_LEDGER
from metrics_api.reports.runs import RUN_LEDGER

LEDGERS = (RUN_LEDGER, DELIVERY_LEDGER, BATCH_LEDGER)
KINDS = tuple(ledger.kind for ledger in LEDGERS)
