"""How a worker holds a row: it claims it for the length of a lease and proves that by a fencing token.

Every change is one conditional UPDATE, so that a worker whose lease ran out cannot change anything anymore. Statements
take `:row_id`, `:token` and `:now`.
"""

from sqlalchemy import TextClause, text

from metrics_api.work.kinds import Kind

HELD = "WHERE id = :row_id AND token = :token AND status"
"""SQL for the row that a token holds, before the states in which it must be."""
EXPIRED = "lease_until < :now"
"""SQL for rows whose worker neither ended its attempt nor renewed its lease."""
SILENCE = "The worker stopped responding, and its lease expired."
"""The error of such an attempt."""


def claim(kind: Kind, also: str, *, returning: str) -> TextClause:
    """The statement that takes a due row until `:lease_until` and makes other changes `also`."""
    return text(f"""
        UPDATE {kind.table} SET status = '{kind.running[0]}', token = token + 1, attempt = attempt + 1,
            lease_until = :lease_until, last_error = NULL, {also}
        WHERE id = :row_id AND {kind.is_due} RETURNING {returning}
    """)


def end_attempt(kind: Kind, *, wait: str) -> str:
    """SQL of changes that end an attempt by `:error`: the row waits for the next one, or has failed after the last."""
    return f"""
        lease_until = NULL, last_error = :error, enqueued_at = NULL, next_attempt_at = :now + {wait},
        status = CASE WHEN attempt >= max_attempts THEN '{kind.failed}' ELSE '{kind.waiting[0]}' END,
        finished_at = CASE WHEN attempt >= max_attempts THEN CAST(:now AS timestamptz) END
    """
