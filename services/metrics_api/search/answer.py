"""One search over everything that has an id.

Ids are found by their beginning, by walking an index from one value to the next, so that it costs the same however
many events there are. Cases, alerts and reports are few, and are looked through.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.alerts.listing import Wanted, fetch_alert, fetch_alerts
from metrics_api.cases.listing import find_cases
from metrics_api.db.network_key import network_key
from metrics_api.db.paging import Page
from metrics_api.search.beginnings import list_ranges
from viral_contract.models.alerts import Alert
from viral_contract.models.search import SearchAnswer, SearchHit

MOST_HITS = 5
_LONGEST_ID = 18
# Beside what begins with the text in another order than that of characters.
_MOST_STEPS = 25

_WALK = """
    WITH RECURSIVE walk AS (
        (SELECT {column} AS value, 1 AS step FROM {table} WHERE {column} >= :first ORDER BY {column} LIMIT 1)
        UNION ALL
        SELECT (SELECT {column} FROM {table} WHERE {column} > walk.value ORDER BY {column} LIMIT 1), step + 1
        FROM walk WHERE walk.value IS NOT NULL AND step < {steps}
    )
    SELECT value FROM walk WHERE starts_with(value, :first) ORDER BY value LIMIT {hits}
"""
_DEVICES, _REFERRERS, _LINKS = (
    text(_WALK.format(table=table, column=column, steps=_MOST_STEPS, hits=MOST_HITS))
    for table, column in (
        ("clicks_per_device_day", "device_fingerprint"),
        ("attribution_events", "referrer_id"),
        ("attribution_links", "link_id"),
    )
)
_LAST_OF_NETWORK = """CASE family(walk.value) WHEN 4 THEN walk.value
    ELSE set_masklen(broadcast(set_masklen(walk.value, CAST(:ipv6_prefix AS integer))), 128) END"""
_NETWORKS = text(f"""
    WITH RECURSIVE range AS (
        SELECT * FROM unnest(CAST(:firsts AS inet[]), CAST(:lasts AS inet[])) AS range (first, last)
    ), walk AS (
        SELECT last, event.ip_address AS value, 1 AS step FROM range CROSS JOIN LATERAL (
            SELECT ip_address FROM attribution_events
            WHERE ip_address BETWEEN first AND last ORDER BY ip_address LIMIT 1
        ) AS event
        UNION ALL
        SELECT last, event.ip_address, step + 1 FROM walk CROSS JOIN LATERAL (
            SELECT ip_address FROM attribution_events
            WHERE ip_address > {_LAST_OF_NETWORK} AND ip_address <= last ORDER BY ip_address LIMIT 1
        ) AS event WHERE step < {MOST_HITS}
    )
    SELECT abbrev(value) AS value FROM walk ORDER BY walk.value LIMIT {MOST_HITS}
""")
_REPORTS = text(f"""
    SELECT id, report_type, period_start, period_end, status, created_at FROM report_runs
    WHERE id = :id OR starts_with(CAST(period_start AS text), :q) OR starts_with(CAST(period_end AS text), :q)
    ORDER BY id DESC LIMIT {MOST_HITS}
""")


@dataclass(frozen=True)
class _Search:
    connection: Connection
    q: str
    identifiers: Identifiers
    ipv6_prefix: int

    @property
    def number(self) -> int | None:
        """The id of a row that the text is."""
        return int(self.q) if self.q.isascii() and self.q.isdecimal() and len(self.q) <= _LONGEST_ID else None

    @property
    def named(self) -> str | None:
        """What a ref stands for; None for any other text."""
        named = self.identifiers.references.to_identifier(self.q)
        return None if named == self.q else named

    def show(self, value: str, label: str) -> SearchHit:
        """A network or a device as the caller may see it."""
        references = self.identifiers.references
        return SearchHit(id=references.to_ref(value), label=label, alias=references.to_alias(value))


def find_everything(connection: Connection, q: str, identifiers: Identifiers, ipv6_prefix: int) -> SearchAnswer:
    """What has this id or begins with it, up to 5 of each kind."""
    asked = _Search(connection, q, identifiers, ipv6_prefix)
    return SearchAnswer(
        networks=_find_networks(asked),
        devices=_find_devices(asked),
        referrers=_walk(asked, _REFERRERS),
        links=_walk(asked, _LINKS),
        cases=_find_cases(asked),
        alerts=_find_alerts(asked),
        reports=_find_reports(asked),
    )


def _find_networks(asked: _Search) -> list[SearchHit]:
    wanted = asked.q if asked.identifiers.whole and asked.named is None else asked.named
    ranges = list_ranges(wanted) if wanted else []
    if not ranges:
        return []
    firsts, lasts = ([str(each) for each in column] for column in zip(*ranges, strict=True))
    rows = asked.connection.execute(_NETWORKS, {"firsts": firsts, "lasts": lasts, "ipv6_prefix": asked.ipv6_prefix})
    networks = dict.fromkeys(network_key(row.value, asked.ipv6_prefix) for row in rows)
    return [asked.show(network, asked.identifiers.show_ip_address(network)) for network in networks]


def _find_devices(asked: _Search) -> list[SearchHit]:
    if asked.named is None and not asked.identifiers.whole:
        return []
    rows = asked.connection.execute(_DEVICES, {"first": asked.named or asked.q})
    return [asked.show(row.value, asked.identifiers.show_device(row.value)) for row in rows]


def _walk(asked: _Search, statement: TextClause) -> list[SearchHit]:
    rows = asked.connection.execute(statement, {"first": asked.q})
    return [SearchHit(id=row.value, label=row.value) for row in rows]


def _find_cases(asked: _Search) -> list[SearchHit]:
    found = find_cases(asked.connection, asked.q, asked.identifiers, most=MOST_HITS)
    return [
        SearchHit(
            id=str(case.id), label=case.entity, alias=case.alias, status=case.verdict or case.status, at=case.opened_at
        )
        for case in found
    ]


def _find_alerts(asked: _Search) -> list[SearchHit]:
    own = fetch_alert(asked.connection, asked.number) if asked.number is not None else None
    others, _ = fetch_alerts(asked.connection, Wanted("all", text=asked.q), Page(limit=MOST_HITS))
    alerts: dict[int, Alert] = {alert.id: alert for alert in (*([own] if own else []), *others)}
    return [
        SearchHit(id=str(alert.id), label=alert.message, status=alert.status, at=alert.opened_at)
        for alert in list(alerts.values())[:MOST_HITS]
    ]


def _find_reports(asked: _Search) -> list[SearchHit]:
    rows = asked.connection.execute(_REPORTS, {"id": asked.number, "q": asked.q})
    return [
        SearchHit(
            id=str(row.id),
            label=f"{row.report_type} {row.period_start} – {row.period_end}",
            status=row.status,
            at=row.created_at,
        )
        for row in rows
    ]
