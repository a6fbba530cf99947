"""Removes names of referrers from stored reports, and from the emails rendered from them.

A report names its top referrers in a table, in sentences by rules or a language model, and in its rendered files; the
rest is sums.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from viral_contract.models.values import normalize_id
from viral_reports.figures import format_name

_MOST_AT_ONCE = 200
# A worker may already have read the names for an unfinished report; without content its result is rejected, and the
# next attempt reads a new snapshot.
_UNFINISHED = "status <> 'ready' AND content IS NOT NULL"
NAMED = """
    SELECT jsonb_path_query(content, '$.facts.top_referrers[*].id') AS named
    UNION ALL SELECT jsonb_path_query(content, '$.facts.change.culprits[*].referrer_id')
"""
"""SQL for the referrers whom a report's tables name."""
NAMES_SUBJECT = f"EXISTS (SELECT FROM ({NAMED}) AS report WHERE normalize(named #>> '{{}}', NFC) = :id)"
_NAMING = text(f"SELECT id, content FROM report_runs WHERE status = 'ready' AND {NAMES_SUBJECT} ORDER BY id FOR UPDATE")
_EMPTY_NAMING = text(f"UPDATE report_runs SET content = NULL WHERE {_UNFINISHED} AND {NAMES_SUBJECT}")
_OLD = text(f"""
    SELECT id, content FROM report_runs
    WHERE status = 'ready' AND period_start < :cutoff AND EXISTS ({NAMED})
    ORDER BY id LIMIT {_MOST_AT_ONCE} FOR UPDATE
""")
_EMPTY_OLD = text("""
    UPDATE report_runs SET content = NULL WHERE period_start < :cutoff AND status = 'failed' AND content IS NOT NULL
""")
_SAVE = text("UPDATE report_runs SET html = NULL, pdf = NULL, content = :content WHERE id = :id").bindparams(
    bindparam("content", type_=JSONB)
)
_FORGET_MAILED = text("""
    UPDATE deliveries SET content = NULL FROM delivery_requests AS request
    WHERE request.id = request_id AND request.report_id = ANY(:reports) AND content IS NOT NULL
""")


def forget_referrers(content: Mapping[str, Any], removed: Collection[str]) -> dict[str, Any]:
    """A report's content without these referrers, and without every sentence that names one of them."""
    facts, names = content["facts"], _compile_names(removed)
    kept = [referrer for referrer in facts["top_referrers"] if referrer["id"] not in removed]
    return {
        **content,
        "facts": {**facts, "top_referrers": kept, "change": _forget_culprits(facts.get("change"), removed)},
        "insights": [insight for insight in content["insights"] if not names.search(insight["text"])],
        "recommendations": [advice for advice in content["recommendations"] if not names.search(advice)],
    }


def _forget_culprits(change: Mapping[str, Any] | None, removed: Collection[str]) -> dict[str, Any] | None:
    if change is None:
        return None
    kept = [culprit for culprit in change["culprits"] if culprit["referrer_id"] not in removed]
    return {**change, "culprits": kept}


def _list_named(facts: Mapping[str, Any]) -> set[str]:
    culprits = (facts.get("change") or {}).get("culprits", [])
    return {each["id"] for each in facts["top_referrers"]} | {each["referrer_id"] for each in culprits}


def _compile_names(ids: Collection[str]) -> re.Pattern[str]:
    """A pattern for their names in a report: in full, or shortened as in its sentences. "child-77" is not "child-7"."""
    names = {name for each in ids for name in (each, format_name(each))}
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(names)))})(?!\w)")


def forget_subject_in_reports(connection: Connection, subject_id: str) -> dict[str, int]:
    """Remove one referrer from every report and its emails; returns the number of changed rows by table."""
    values = {"id": subject_id}
    emptied = connection.execute(_EMPTY_NAMING, values).rowcount
    reports, mailed = _forget(connection, _NAMING, values)
    return {"report_runs": emptied + reports, "deliveries": mailed}


def forget_old_referrers(connection: Connection, cutoff: date) -> int:
    """Remove all referrers from some reports whose period begins before the date; returns the number of reports."""
    values = {"cutoff": cutoff}
    return connection.execute(_EMPTY_OLD, values).rowcount + _forget(connection, _OLD, values)[0]


def _forget(connection: Connection, naming: TextClause, values: Mapping[str, Any]) -> Sequence[int]:
    reports = connection.execute(naming, values).all()
    for report in reports:
        named = _list_named(report.content["facts"])
        removed = {name for name in named if normalize_id(name) == values["id"]} if "id" in values else named
        connection.execute(_SAVE, {"id": report.id, "content": forget_referrers(report.content, removed)})
    mailed = connection.execute(_FORGET_MAILED, {"reports": [report.id for report in reports]}).rowcount
    return len(reports), mailed
