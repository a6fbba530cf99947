"""What cases are called, rule by rule and verdict by verdict."""

from viral_contract.models.cases import Case, CaseKind, CaseOrder, CaseRule, CaseStatus, CaseVerdict, Decision
from viral_contract.models.referrer_evidence import Strength

RULES: dict[CaseRule, str] = {
    "farm": "Farm",
    "ring": "Ring",
    "self_referral": "Self-referral",
    "mutual": "Mutual",
    "cycle": "Cycle",
    "duplicate": "Duplicate",
    "too_fast": "Too fast",
    "flood": "Flood",
    "clicks_without_conversions": "Few conversions",
    "too_good": "Too good",
    "over_limit": "Over limit",
    "rotating": "Rotating",
    "burst": "Burst",
    "denied": "Denied",
    "watched": "Watched",
}
KINDS: dict[CaseKind, str] = {"referrer": "Referrer", "device": "Device", "network": "Network", "link": "Link"}
KIND_ICONS: dict[CaseKind, str] = {"referrer": "person", "device": "device", "network": "globe", "link": "link"}
STRENGTHS: dict[Strength, str] = {"flags": "Flags", "looks": "Worth a look"}
STATUSES: dict[CaseStatus, str] = {"open": "Open", "decided": "Decided", "closed": "Closed"}
ORDERS: dict[CaseOrder, str] = {"stake": "At stake", "newest": "Newest"}
VERDICTS: dict[CaseVerdict, str] = {"fraud": "Fraud", "legitimate": "Legitimate", "unsure": "Unsure"}
CONSEQUENCES: dict[CaseVerdict, str] = {
    "fraud": "Credit is not earned",
    "legitimate": "The rule stays quiet here",
    "unsure": "Stays in the queue",
}
# How the button that saves a verdict goes on: "Mark as fraud".
MARKS: dict[CaseVerdict, str] = {"fraud": "fraud", "legitimate": "legitimate", "unsure": "unsure"}
REASONS: dict[CaseVerdict, tuple[str, ...]] = {
    "fraud": (
        "Fake accounts for a reward",
        "Own accounts",
        "Accounts that credit each other",
        "Conversions counted twice",
        "Automated clicks",
        "Click farm",
        "Rotating network",
        "Bought traffic",
        "Other fraud",
    ),
    "legitimate": (
        "School or class",
        "Family that shares a device",
        "Teacher or creator with many followers",
        "Campaign or event",
        "Our own test",
        "Other, legitimate",
    ),
    "unsure": ("Needs more data", "Waiting for an answer", "Other, unsure"),
}
_FRAUD_REASONS: dict[CaseRule, str] = {
    "farm": "Fake accounts for a reward",
    "ring": "Fake accounts for a reward",
    "self_referral": "Own accounts",
    "mutual": "Accounts that credit each other",
    "cycle": "Accounts that credit each other",
    "duplicate": "Conversions counted twice",
    "too_fast": "Automated clicks",
    "flood": "Click farm",
    "clicks_without_conversions": "Bought traffic",
    "too_good": "Fake accounts for a reward",
    "over_limit": "Click farm",
    "rotating": "Rotating network",
    "burst": "Automated clicks",
}


def name_rule(rule: str) -> str:
    """The name of a rule; one that this release does not know keeps its own."""
    return {str(each): word for each, word in RULES.items()}.get(rule, rule)


def find_reason(verdict: CaseVerdict, rule: CaseRule | None) -> str:
    """The reason that is most likely for a verdict, by the strongest rule."""
    usual = REASONS[verdict][0]
    return _FRAUD_REASONS.get(rule, "Other fraud") if verdict == "fraud" and rule else usual


def find_strongest(case: Case) -> CaseRule | None:
    """The first of its rules, which is one that flags where any does."""
    return case.rules[0] if case.rules else None


def build_undo_key(case_id: int, decision: Decision) -> str:
    """What a button sends to undo this decision and no other."""
    return f"{case_id}:{decision.id}"
