"""One search over everything that has an id.

Ids are found by their beginning, by walking an index from one value to the next, so that it costs the same however
many events there are, and by any part of them among the newest (`parts.py`). Cases, alerts and reports are few, and are
looked through.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.alerts.listing import Order, Wanted, fetch_alert, fetch_alerts
from metrics_api.cases.listing import find_cases
from metrics_api.db.network_key import network_key
from metrics_api.db.paging import Page
from metrics_api.reports.listing import RESTATED_BY
from metrics_api.search.beginnings import list_ranges
from metrics_api.search.parts import PartKind, find_parts
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
_CLICKING, _OTHERS, _REFERRERS, _LINKS, _USERS = (
    _WALK.format(table=table, column=column, steps=_MOST_STEPS, hits=MOST_HITS)
    for table, column in (
        ("clicks_per_device_day", "device_fingerprint"),
        ("attribution_events", "device_fingerprint"),
        ("attribution_events", "referrer_id"),
        ("attribution_links", "link_id"),
        ("user_journeys", "person"),
    )
)
# Devices that never clicked are in events alone, and those of purged events in the counts of clicks.
_DEVICES = f"SELECT value FROM ({_CLICKING}) AS one UNION SELECT value FROM ({_OTHERS}) AS two ORDER BY value"
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
    SELECT id, report_type, period_start, period_end, created_at,
        CASE WHEN restated_by IS NULL THEN status ELSE 'restated' END AS status
    FROM report_runs {RESTATED_BY}
    WHERE id = :id OR position(:q IN concat_ws(' ', report_type, period_start, period_end)) > 0
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

    @property
    def kinds(self) -> list[PartKind]:
        """The kinds whose ids the caller may see whole: what a mask hides is not searched."""
        if self.named is not None:
            return []
        whole: list[PartKind] = ["networks", "devices", "users"] if self.identifiers.whole else []
        return ["referrers", "links", *whole]

    def show_network(self, network: str) -> SearchHit:
        """A network as the caller may see it."""
        return self._show(network, self.identifiers.show_ip_address(network))

    def show_device(self, device: str) -> SearchHit:
        """A device as the caller may see it."""
        return self._show(device, self.identifiers.show_device(device))

    def _show(self, value: str, label: str) -> SearchHit:
        references = self.identifiers.references
        return SearchHit(id=references.to_ref(value), label=label, alias=references.to_alias(value))


def find_everything(connection: Connection, q: str, identifiers: Identifiers, ipv6_prefix: int) -> SearchAnswer:
    """What has this id, begins with it or holds it, up to 5 of each kind, those that begin with it first."""
    asked = _Search(connection, q, identifiers, ipv6_prefix)
    parts = find_parts(connection, q, asked.kinds)

    def join(kind: PartKind, beginnings: Sequence[str]) -> list[str]:
        return list(dict.fromkeys([*beginnings, *parts.found.get(kind, [])]))[:MOST_HITS]

    return SearchAnswer(
        networks=[asked.show_network(each) for each in join("networks", _find_networks(asked))],
        devices=[asked.show_device(each) for each in join("devices", _find_devices(asked))],
        referrers=_name(join("referrers", _walk(asked, _REFERRERS, q))),
        users=_name(join("users", _find_users(asked))),
        links=_name(join("links", _walk(asked, _LINKS, q))),
        beginnings_only=[kind for kind in asked.kinds if kind in parts.is_cut],
        cases=_find_cases(asked),
        alerts=_find_alerts(asked),
        reports=_find_reports(asked),
    )


def _name(ids: Sequence[str]) -> list[SearchHit]:
    return [SearchHit(id=each, label=each) for each in ids]


def _find_networks(asked: _Search) -> list[str]:
    wanted = asked.q if asked.identifiers.whole and asked.named is None else asked.named
    ranges = list_ranges(wanted) if wanted else []
    if not ranges:
        return []
    firsts, lasts = ([str(each) for each in column] for column in zip(*ranges, strict=True))
    rows = asked.connection.execute(_NETWORKS, {"firsts": firsts, "lasts": lasts, "ipv6_prefix": asked.ipv6_prefix})
    return [network_key(row.value, asked.ipv6_prefix) for row in rows]


def _find_devices(asked: _Search) -> list[str]:
    if asked.named is None and not asked.identifiers.whole:
        return []
    return _walk(asked, _DEVICES, asked.named or asked.q)


def _find_users(asked: _Search) -> list[str]:
    return [person[5:] for person in _walk(asked, _USERS, f"user:{asked.q}")] if "users" in asked.kinds else []


def _walk(asked: _Search, statement: str, first: str) -> list[str]:
    return list(asked.connection.execute(text(statement), {"first": first}).scalars())


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
    others, _ = fetch_alerts(asked.connection, Wanted("all", text=asked.q), Order(), Page(limit=MOST_HITS))
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
