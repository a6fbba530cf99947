"""What was measured of the reads, as a section of the page with charts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.charts import draw_bars
from tests.benchmarks.questions import QUESTIONS
from tests.benchmarks.results import DOCS

Measured = Mapping[str, Any]
READS_CHART, ENGINES_CHART = "performance-reads.svg", "performance-engines.svg"


def format_section(data: Measured, folder: Path = DOCS) -> str:
    """The section as markdown; the charts are written into the folder."""
    sizes = sorted(data["sizes"], key=int)
    smallest, largest = data["sizes"][sizes[0]], data["sizes"][sizes[-1]]
    (folder / READS_CHART).write_text(_draw_reads(smallest, largest))
    (folder / ENGINES_CHART).write_text(_draw_engines(largest))
    return "\n".join(
        [
            *_introduce(data, sizes),
            "",
            f"![P95 of each read]({READS_CHART})",
            "",
            *_list_reads(smallest, largest),
            "",
            *_introduce_engines(largest),
            "",
            f"![How many times faster the reads are]({ENGINES_CHART})",
            "",
            *_list_engines(data, sizes),
        ]
    )


def _introduce(data: Measured, sizes: list[str]) -> Iterator[str]:
    settings = ", ".join(f"{name} {value}" for name, value in data["server_settings"].items())
    yield (
        f"Measured {data['measured_at'][:16].replace('T', ' ')} UTC on {data['cores']} cores ({data['machine']}, "
        f"Python {data['python']}). The API answers each request by itself, nothing is cached; PostgreSQL has "
        f"{settings}. Clients share the machine and ask over loopback; their time is within the milliseconds."
    )
    yield ""
    yield "| events of 7 days | links | cases | database | load | PostgreSQL |"
    yield "|--:|--:|--:|--:|--:|---|"
    for size in sizes:
        each = data["sizes"][size]
        load = " to ".join(f"{value:.1f}" for value in each["load"])
        yield (
            f"| {each['events']:,} | {each['links']:,} | {each['cases']:,} | {each['bytes'] / 1e9:.1f} GB | {load} "
            f"| {each['postgresql'].split()[0]} |"
        )


def _list_reads(smallest: Measured, largest: Measured) -> Iterator[str]:
    by = f"; growth is the median by that at {smallest['events']:,}, by one client" if smallest is not largest else ""
    yield f"Milliseconds at {largest['events']:,} events{by}:"
    yield ""
    yield "| read | 1 client: P50 | P95 | P99 | 4 clients: P50 | P95 | P99 | growth |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, taken in largest["reads"].items():
        cuts = " | ".join(f"{taken[clients][cut]:.1f}" for clients in ("1", "4") for cut in ("p50", "p95", "p99"))
        yield f"| {name} | {cuts} | {_grow(smallest, taken, name)} |"


def _grow(smallest: Measured, taken: Measured, name: str) -> str:
    before = smallest["reads"].get(name)
    return f"{taken['1']['p50'] / before['1']['p50']:.2f}" if before and before is not taken else "–"


def _introduce_engines(largest: Measured) -> Iterator[str]:
    engines = " and ".join(f"{name} {version}" for name, version in largest["versions"].items())
    yield (
        f"{engines} hold the same events and links in tables of their own, without a network or HTTP, and answer from "
        "them; the product answers from its facts, over HTTP. Medians of 7, in turns. The counts of all are equal, "
        "which is checked; the engines do less where the last column says so."
    )


def _list_engines(data: Measured, sizes: list[str]) -> Iterator[str]:
    engines = list(data["sizes"][sizes[-1]]["versions"])
    heads = [head for engine in engines for head in (f"{engine}, ms", "ratio")]
    yield f"| question | events | product, ms | {' | '.join(heads)} | the engines answer |"
    yield f"|---|--:|--:|{'--:|' * len(heads)}---|"
    for question in QUESTIONS:
        for size in sizes:
            taken = data["sizes"][size]["compared"][question.name]
            cells = [f"{taken[each]:,.1f} | {taken[each] / taken['product']:,.1f}" for each in engines]
            row = [question.name, f"{data['sizes'][size]['events']:,}", f"{taken['product']:.1f}", *cells]
            yield f"| {' | '.join(row)} | {question.differs} |"


def _draw_reads(smallest: Measured, largest: Measured) -> str:
    compared = [largest] if smallest is largest else [smallest, largest]
    rows = [
        (name, [each["reads"].get(name, taken)["4"]["p95"] for each in compared])
        for name, taken in largest["reads"].items()
    ]
    series = [f"{each['events']:,} events" for each in compared]
    return draw_bars("P95 with 4 clients", series, rows, unit="ms")


def _draw_engines(largest: Measured) -> str:
    engines = list(largest["versions"])
    rows = [
        (name, [taken[engine] / taken["product"] for engine in engines]) for name, taken in largest["compared"].items()
    ]
    return draw_bars(f"Times faster than, at {largest['events']:,} events", engines, rows, unit="x")
