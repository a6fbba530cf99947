"""How a worker holds a row: it claims it for the length of a lease, and a fencing token proves it.

Every change is one conditional UPDATE, so that a worker whose lease expired can no longer change anything. Statements
take `:row_id`, `:token` and `:now`. `expire_leases` of each kind of work takes back what a silent worker held.
"""

from sqlalchemy import TextClause, text

from metrics_api.work.kinds import Kind

HELD = "WHERE id = :row_id AND token = :token AND status"
"""SQL for the row that a token holds; the required states follow it."""
EXPIRED = "lease_until < :now"
"""SQL for rows whose worker neither ended its attempt nor renewed its lease."""
SILENCE = "The worker stopped responding, and its lease expired."
"""The error of such an attempt."""


def claim(kind: Kind, also: str, *, returning: str) -> TextClause:
    """The statement that claims a due row until `:lease_until`; `also` are further changes."""
    return text(f"""
        UPDATE {kind.table} SET status = '{kind.running[0]}', token = token + 1, attempt = attempt + 1,
            lease_until = :lease_until, last_error = NULL, {also}
        WHERE id = :row_id AND {kind.is_due} RETURNING {returning}
    """)


def end_attempt(kind: Kind, *, wait: str) -> str:
    """SQL that ends an attempt with `:error`: the row waits for the next attempt, or has failed if it was the last."""
    return f"""
        lease_until = NULL, last_error = :error, enqueued_at = NULL, next_attempt_at = :now + {wait},
        status = CASE WHEN attempt >= max_attempts THEN '{kind.failed}' ELSE '{kind.waiting[0]}' END,
        finished_at = CASE WHEN attempt >= max_attempts THEN CAST(:now AS timestamptz) END
    """
