"""Every id that is stored anywhere, to find the subjects behind the keyed hashes of a journal."""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, text

from metrics_api.access.identifiers import References
from metrics_api.privacy.subjects import Subject
from viral_contract.models.privacy import SubjectKind
from viral_contract.models.values import normalize_id

_AT_ONCE = 10_000
_NAMES = ("user_id", "referrer_id", "session_id", "device_fingerprint")
_IN_JSON = "SELECT DISTINCT found #>> '{{}}' FROM {table}, jsonb_path_query({column}, '$.**') AS found \
    WHERE jsonb_typeof(found) IN ('string', 'number')"
_KEYS_IN_JSON = "SELECT DISTINCT member ->> 'key' FROM {table}, \
    jsonb_path_query({column}, '$.** ? (@.type() == \"object\").keyvalue()') AS member"
_CONTENT = {"parent_shares": "share_data", "progress_reels": "reel_data"}
_TEXTS = (
    *(f"SELECT DISTINCT {name} FROM attribution_events WHERE {name} IS NOT NULL" for name in _NAMES),
    "SELECT DISTINCT referrer_id FROM attribution_links",
    "SELECT DISTINCT unnest(participant_ids) FROM study_sessions",
    "SELECT DISTINCT subject_id FROM privacy_requests WHERE subject_id IS NOT NULL",
    "SELECT DISTINCT found #>> '{}' FROM report_runs,"
    " jsonb_path_query(content, '$.facts.top_referrers[*].id') AS found",
    *(
        each.format(table=table, column=column)
        for table, column in _CONTENT.items()
        for each in (_IN_JSON, _KEYS_IN_JSON)
    ),
)
_ADDRESSES = (
    "SELECT DISTINCT host(ip_address) FROM attribution_events WHERE ip_address IS NOT NULL",
    "SELECT DISTINCT host(cidr) FROM trusted_networks",
)
_KINDS_OF_TEXTS: tuple[SubjectKind, ...] = ("user", "session", "device")


def find_subjects(connection: Connection, references: References, marks: Collection[bytes]) -> list[Subject]:
    """The subjects with these keyed hashes that have stored data."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    found = {each for each in _list_candidates(connection) if references.to_mark(each.kind, each.id) in marks}
    return sorted(found, key=lambda subject: (subject.kind, subject.id))


def _list_candidates(connection: Connection) -> Iterator[Subject]:
    for statement in _TEXTS:
        for given in _stream(connection, statement):
            yield from (Subject(kind, normalize_id(given)) for kind in _KINDS_OF_TEXTS)
    for statement in _ADDRESSES:
        yield from (Subject("ip_address", given) for given in _stream(connection, statement))


def _stream(connection: Connection, statement: str) -> Iterator[str]:
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(text(statement))
    yield from rows.scalars()
