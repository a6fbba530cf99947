"""What a restated report says of the one it replaces: why, and the figures of both."""

from viral_contract.models.reports import ReportFacts, Restatement, RestatingCase
from viral_reports.blocks import Table
from viral_reports.figures import format_count, format_counted, format_k, format_moment, format_points, format_signed

_CHANGES = {
    "fraud": "was judged fraud",
    "legitimate": "was judged legitimate",
    "unsure": "was marked unsure",
    "undone": "is undecided again",
    "opened": "was opened",
}
_COLUMNS = ("", "First report", "This report", "Change")


def format_restated_by(report_id: int) -> str:
    """The note on a report that is replaced."""
    return f"This report was restated by report {report_id}, because its figures changed later. It stays as it was."


def format_restates(restatement: Restatement) -> str:
    """The note on a report that replaces another one."""
    made = format_moment(restatement.snapshot_at)
    return f"This report restates report {restatement.report_id} of {made}: its figures have changed since then."


def list_reasons(restatement: Restatement) -> list[str]:
    """Why the figures changed: the cases, then the late data."""
    more = restatement.total_cases - len(restatement.cases)
    return [
        *(_describe_case(case) for case in restatement.cases),
        *([f"{format_counted(more, 'more case')} changed."] if more > 0 else []),
        *_describe_late(restatement),
        *(["Views or reviews of shared content changed the health score."] if restatement.late_content else []),
    ]


def _describe_case(case: RestatingCase) -> str:
    rules = ", ".join(name_rule(rule) for rule in case.rules)
    stake = f", {format_counted(case.conversions, 'conversion')} of this period" if case.conversions else ""
    return f"Case {case.case_id} ({case.kind}: {rules}) {_CHANGES[case.change]}{stake}."


def name_rule(rule: str) -> str:
    """A rule's name within a sentence."""
    return rule.replace("_", " ")


def _describe_late(restatement: Restatement) -> list[str]:
    counts = {
        "invites": restatement.late_invites,
        "clicks": restatement.late_clicks,
        "conversions": restatement.late_conversions,
    }
    parts = [f"{format_signed(count, decimals=0)} {name}" for name, count in counts.items() if count]
    return [f"Late data: {', '.join(parts)}."] if parts else []


def build_old_and_new(facts: ReportFacts, restatement: Restatement) -> Table:
    """The figures of the first report next to those of this one."""
    old, new = restatement.figures, facts.figures
    counts = {
        "Invites": (old.total_invites, new.total_invites),
        "Clicks": (old.total_clicks, new.total_clicks),
        "Conversions": (old.total_conversions, new.total_conversions),
    }
    rows = [
        _compare_k("K clean", old.k_factor_clean, new.k_factor_clean),
        _compare_k("K-factor", old.k_factor, new.k_factor),
        *(
            (name, format_count(before), format_count(now), format_signed(now - before, decimals=0))
            for name, (before, now) in counts.items()
        ),
        _compare_scores(old.health_score, new.health_score),
        ("Health status", old.health_status or "–", new.health_status or "–", ""),
    ]
    return Table(_COLUMNS, rows)


def _compare_k(name: str, old: float, new: float) -> tuple[str, ...]:
    return name, format_k(old), format_k(new), format_signed(new - old, decimals=2)


def _compare_scores(old: float | None, new: float | None) -> tuple[str, ...]:
    shown = ("–" if score is None else format_points(score) for score in (old, new))
    change = "–" if old is None or new is None else format_signed(new - old, decimals=1)
    return "Health score", *shown, change
