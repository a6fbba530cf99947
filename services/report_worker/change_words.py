"""Finds words that call something a rise or a fall where the facts do not prove one."""

import re

from viral_contract.models.reports import ReportFacts

_RISE = re.compile(
    r"\b(?:rose|risen|rises|rising|grew|grown|increased|increases|increasing|improved|improves|improving|climbed|"
    r"jumped|gained|surged|soared|accelerated|an? (?:increase|rise|improvement|gain|jump|uptick|surge))\b",
    re.IGNORECASE,
)
_FALL = re.compile(
    r"\b(?:fell|fallen|falls|falling|dropped|drops|dropping|decreased|decreases|decreasing|declined|declines|declining|"
    r"worsened|worsening|shrank|shrunk|slipped|slowed|an? (?:decrease|fall|drop|decline|dip|loss|slump))\b",
    re.IGNORECASE,
)


def find_unproven_change(rule: str, text: str, facts: ReportFacts) -> str | None:
    """The first word of a change that is not proven: for the rule's own value, or, in other texts, for both values."""
    own = {"k_factor_trend": facts.k_factor_verdict, "conversion_change": facts.conversion_verdict}
    verdicts = {own[rule]} if rule in own else set(own.values())
    for direction, words in (("up", _RISE), ("down", _FALL)):
        if verdicts != {direction} and (found := words.search(text)):
            return found.group()
    return None
