"""How well and how fast the PII scanner works: `python -m tests.benchmarks.pii_accuracy`, from the repository's root.

A prediction is right when it has the label's type and covers at least half of the labelled span. Labels of type OTHER
need not be found; schools are not labelled in the public set and are left out of its table.
"""

import json
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metrics_api.pii_scanner.findings import Finding
from tests.support.us_scanner import scan_data, scan_text

DATA = Path(__file__).parents[1] / "data"
LABELLED = DATA / "pii_labelled.jsonl"
ADVERSARIAL = DATA / "pii_adversarial.jsonl"
TYPES = {
    "EMAIL": "email",
    "PHONE": "phone",
    "SSN": "ssn",
    "CREDIT_CARD": "credit_card",
    "IP": "ip_address",
    "ADDRESS": "street_address",
    "DATE_OF_BIRTH": "date_of_birth",
    "NAME": "person_name",
    "SCHOOL": "school",
}

Sentence = dict[str, Any]


@dataclass(slots=True)
class Counts:
    """Labels and predictions of one type."""

    labels: int = 0
    found: int = 0
    predictions: int = 0
    right: int = 0

    @property
    def recall(self) -> float:
        return self.found / self.labels if self.labels else 1.0

    @property
    def precision(self) -> float:
        return self.right / self.predictions if self.predictions else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(slots=True)
class Accuracy:
    """Counts by type and by (template, type); clean sentences are those without a label of a type to be found."""

    by_type: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    by_template: dict[tuple[str, str], Counts] = field(default_factory=lambda: defaultdict(Counts))
    clean: int = 0
    flagged: list[tuple[Sentence, list[Finding]]] = field(default_factory=list)

    @property
    def flagged_rate(self) -> float:
        return len(self.flagged) / self.clean if self.clean else 0.0


def read_sentences(path: Path) -> list[Sentence]:
    """Read one labelled sentence a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def is_held_out(sentence: Sentence) -> bool:
    """Tell the two fifths of the templates that no rule was written against."""
    return zlib.crc32(sentence["template"].encode()) % 5 < 2


def measure_accuracy(sentences: Iterable[Sentence], types: Iterable[str] = TYPES.values()) -> Accuracy:
    """Scan labelled sentences and count right and wrong findings of the given types."""
    accuracy = Accuracy()
    wanted = set(types)
    for sentence in sentences:
        findings = [finding for finding in scan_text(sentence["text"]) if finding.type in wanted]
        labels = [(TYPES[span["type"]], span) for span in sentence["spans"] if TYPES.get(span["type"]) in wanted]
        if not labels:
            accuracy.clean += 1
            if findings:
                accuracy.flagged.append((sentence, findings))
        _count(accuracy, sentence["template"], labels, findings)
    return accuracy


def _count(accuracy: Accuracy, template: str, labels: list[tuple[str, Any]], findings: list[Finding]) -> None:
    for pii_type, span in labels:
        hit = any(finding.type == pii_type and _covers(finding, span) for finding in findings)
        for counts in (accuracy.by_type[pii_type], accuracy.by_template[template, pii_type]):
            counts.labels += 1
            counts.found += hit
    for finding in findings:
        right = any(pii_type == finding.type and _covers(finding, span) for pii_type, span in labels)
        for counts in (accuracy.by_type[finding.type], accuracy.by_template[template, finding.type]):
            counts.predictions += 1
            counts.right += right


def _covers(finding: Finding, span: dict[str, Any]) -> bool:
    common = min(finding.end, span["end"]) - max(finding.start, span["start"])
    return 2 * common >= span["end"] - span["start"]


def generate_shares(count: int) -> Iterator[dict[str, Any]]:
    """Make parent shares of about 2 KiB each, the same on every run; one in fifty carries a phone number."""
    for number in range(count):
        seed = zlib.crc32(str(number).encode())
        yield {
            "share_id": f"{seed:08x}-7c1e-4b5a-9d3f-{seed * 2654435761 % 2**48:012x}",
            "created_at": f"2025-03-{1 + seed % 28:02d}T{seed % 24:02d}:15:{seed % 60:02d}Z",
            "headline": f"Level {seed % 40} reached in Fractions!",
            "message": _message(seed, with_phone=number % 50 == 0),
            "stats": {
                "score": seed % 100_000,
                "streak_days": seed % 90,
                "minutes": [seed % (7 + day) for day in range(7)],
                "accuracy": (seed % 1000) / 1000,
                "skills": [{"skill": f"math.fractions.{step}", "xp": seed % (50 + step)} for step in range(12)],
            },
            "badges": [f"badge_{(seed >> shift) % 97}" for shift in range(6)],
            "image_url": f"https://cdn.example.com/shares/{seed:08x}/card@2x.png?v=4.12.{seed % 10}",
            "app": {"version": f"5.{seed % 12}.{seed % 7}", "platform": "ios", "locale": "en-US"},
        }


_PHRASES = (
    "We practised adding and comparing fractions with pizza slices and number lines.",
    "The hardest question took three tries, and the hint about halves helped a lot.",
    "Next week the class moves on to decimals; twenty minutes a day is plenty.",
    "A new high score, and the longest streak so far this year!",
    "The reading club finished chapter 7 and talked about how the story might end.",
    "Everyone in the study group earned a badge for helping somebody else.",
    "Two puzzles are left before the space mission opens on Friday at 16:30.",
)


def _message(seed: int, *, with_phone: bool) -> str:
    phrases = [_PHRASES[(seed >> shift) % len(_PHRASES)] for shift in range(15)]
    return " ".join([*phrases, "Call me at 555-123-4567!" if with_phone else "See you there!"])


def measure_text_throughput(sentences: list[Sentence]) -> float:
    """Scan every sentence on its own; KB (1000 bytes of UTF-8) a second of one core."""
    size = sum(len(sentence["text"].encode()) for sentence in sentences)
    started = time.process_time()
    for sentence in sentences:
        scan_text(sentence["text"])
    return size / 1000 / (time.process_time() - started)


def measure_share_throughput(count: int) -> tuple[float, float, int]:
    """Scan generated shares; the processor seconds it took, KB of JSON a second, and how many held a finding."""
    size = seconds = flagged = 0.0
    for share in generate_shares(count):
        size += len(json.dumps(share))
        started = time.process_time()
        flagged += bool(scan_data(share))
        seconds += time.process_time() - started
    return seconds, size / 1000 / seconds, int(flagged)


def format_types(accuracy: Accuracy) -> str:
    """Show the counts of each type as a Markdown table."""
    lines = ["| type | labels | predictions | precision | recall | F1 |", "|---|--:|--:|--:|--:|--:|"]
    for pii_type in (name for name in TYPES.values() if name in accuracy.by_type):
        counts = accuracy.by_type[pii_type]
        lines.append(
            f"| {pii_type} | {counts.labels} | {counts.predictions} "
            f"| {counts.precision:.3f} | {counts.recall:.3f} | {counts.f1:.3f} |"
        )
    lines.append(
        f"\nClean sentences flagged: {len(accuracy.flagged)} of {accuracy.clean} ({accuracy.flagged_rate:.2%})"
    )
    return "\n".join(lines)


def format_templates(accuracy: Accuracy) -> str:
    """Show the counts of each template and type as a Markdown table, the worst recall first."""
    lines = ["| template | type | labels | precision | recall |", "|---|---|--:|--:|--:|"]
    rows = sorted(accuracy.by_template.items(), key=lambda row: (row[1].recall, row[1].precision, row[0]))
    for (template, pii_type), counts in rows:
        shown = " ".join(template.split()).replace("|", "\\|")[:90]
        lines.append(f"| {shown} | {pii_type} | {counts.labels} | {counts.precision:.2f} | {counts.recall:.2f} |")
    return "\n".join(lines)


def run(shares: int = 100_000) -> str:
    """Accuracy by type on each set, and throughput on one core, as markdown."""
    sentences = read_sentences(LABELLED)
    public_types = [name for name in TYPES.values() if name != "school"]
    held_out = measure_accuracy(filter(is_held_out, sentences), public_types)
    seconds, rate, flagged = measure_share_throughput(shares)
    return "\n\n".join(
        [
            "pii_labelled.jsonl:\n\n" + format_types(measure_accuracy(sentences, public_types)),
            "Its held-out templates only:\n\n" + format_types(held_out),
            "pii_adversarial.jsonl:\n\n" + format_types(measure_accuracy(read_sentences(ADVERSARIAL))),
            f"Labelled sentences: {measure_text_throughput(sentences):.0f} KB/s on one core. {shares:,} generated "
            f"shares of 2 KiB: {seconds:.1f} s of processor time, {rate:.0f} KB/s, {flagged} with findings.",
        ]
    )


def main() -> None:
    """Print accuracy and throughput, then accuracy by template; a number says how many shares to scan."""
    print(run(int(sys.argv[1])) if len(sys.argv) > 1 else run(shares=2_000))
    print("\nBy template:\n\n" + format_templates(measure_accuracy(read_sentences(LABELLED))))


if __name__ == "__main__":
    main()
