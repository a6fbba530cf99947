"""What becomes of the cases for these findings; pure.

An entity has at most one open case, which holds all its rules. A verdict that is in force covers the rules it was given
about: their findings belong to the decided case. Every other rule belongs to the open one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from metrics_api.cases.findings import Finding
from viral_contract.models.cases import CaseKind, CaseStatus
from viral_contract.models.referrer_evidence import RuleEvidence, Strength

Entity = tuple[CaseKind, str]


@dataclass(frozen=True)
class State:
    """What is stored of a case, as far as findings change it."""

    rules: tuple[str, ...]
    strength: Strength
    evidence: list[dict[str, object]]
    source: str | None
    clicks: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True)
class KnownCase:
    """A stored case; `is_in_force` says whether its verdict covers its rules now."""

    id: int
    entity: Entity
    status: CaseStatus
    is_in_force: bool
    state: State


@dataclass(frozen=True)
class WantedCase:
    """A case as the findings want it: a new one where nothing is `known`."""

    entity: Entity
    known: KnownCase | None
    state: State
    conversions: Mapping[UUID, bool]

    @property
    def new_rules(self) -> list[str]:
        """The rules that the case did not have."""
        had = self.known.state.rules if self.known else ()
        return [rule for rule in self.state.rules if rule not in had]

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write but conversions."""
        return self.known is None or self.known.status == "closed" or self.known.state != self.state


@dataclass
class Plan:
    """The cases that have findings, and the open ones that have none anymore."""

    wanted: list[WantedCase] = field(default_factory=list)
    over: list[int] = field(default_factory=list)


def plan_cases(findings: Iterable[Finding], known: Iterable[KnownCase], *, are_all: bool = True) -> Plan:
    """Which cases are opened, reopened, changed and closed.

    Unless these are all findings there are, no open case loses a rule or is closed.
    """
    keeping: list[CaseStatus] = ["decided"]
    if not are_all:
        keeping.append("open")
    stored: dict[Entity, list[KnownCase]] = defaultdict(list)
    for case in known:
        stored[case.entity].append(case)
    found: dict[Entity, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[finding.kind, finding.entity].append(finding)
    plan = Plan()
    for entity, its in found.items():
        _plan_entity(plan, entity, its, stored[entity], keeping)
    if not are_all:
        return plan
    kept = {case.known.id for case in plan.wanted if case.known}
    plan.over = [
        case.id for cases in stored.values() for case in cases if case.status == "open" and case.id not in kept
    ]
    return plan


def _plan_entity(
    plan: Plan,
    entity: Entity,
    findings: Sequence[Finding],
    stored: Sequence[KnownCase],
    keeping: Collection[CaseStatus],
) -> None:
    rest = list(findings)
    for case in stored:
        if case.is_in_force:
            covered = [finding for finding in rest if finding.rule.rule in case.state.rules]
            rest = [finding for finding in rest if finding not in covered]
            if covered:
                plan.wanted.append(_want(entity, covered, case, keeping))
    if rest:
        plan.wanted.append(_want(entity, rest, _choose(stored), keeping))


def _choose(stored: Sequence[KnownCase]) -> KnownCase | None:
    """The open case, or else the closed one that is reopened."""
    by_status = {case.status: case for case in stored}
    return by_status.get("open") or by_status.get("closed")


def _want(
    entity: Entity, findings: Sequence[Finding], known: KnownCase | None, keeping: Collection[CaseStatus]
) -> WantedCase:
    evidence = [finding.rule for finding in findings]
    if known and known.status in keeping:
        found = {rule.rule for rule in evidence}
        evidence += [RuleEvidence.model_validate(each) for each in known.state.evidence if each["rule"] not in found]
    evidence.sort(key=lambda rule: (rule.strength, rule.rule))
    rules = tuple(rule.rule for rule in evidence)
    if known and known.status == "decided":
        # What was decided stays what it was decided about.
        rules = known.state.rules
    is_kept = known is not None and known.status != "closed"
    seen = [finding.first_seen for finding in findings] + ([known.state.first_seen] if known and is_kept else [])
    conversions: dict[UUID, bool] = {}
    for finding in findings:
        is_flagged = finding.rule.strength == "flags"
        conversions |= {each: is_flagged or conversions.get(each, False) for each in finding.conversions}
    state = State(
        rules=rules,
        strength="flags" if any(each.strength == "flags" for each in evidence) else "looks",
        evidence=[each.model_dump(mode="json") for each in evidence],
        source=next((finding.source for finding in findings if finding.source), None),
        clicks=max(finding.clicks for finding in findings),
        first_seen=min(seen),
        last_seen=max(finding.last_seen for finding in findings),
    )
    return WantedCase(entity, known, state, conversions)
