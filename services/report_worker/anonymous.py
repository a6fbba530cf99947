"""Removes names from a report's facts before a language model sees them, and restores them afterwards.

Referrers are people, and a loop's name is any text from a caller, which may be an identifier or an instruction.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from viral_contract.models.growth import HonestChange, LoopEffect, LoopPerformance
from viral_contract.models.reports import ReportFacts
from viral_reports.figures import format_name

KNOWN_LOOPS = frozenset(
    {
        "buddy_challenge",
        "results_rally",
        "parent_share",
        "prep_pack",
        "study_session",
        "auto_challenge",
        "progress_reel",
        "streak_rescue",
    }
)
Loop = TypeVar("Loop", LoopPerformance, LoopEffect)
_ALIAS = re.compile(r"\b(?:referrer|loop) \d+\b", re.IGNORECASE)


@dataclass(frozen=True)
class Anonymous:
    """Facts without names, and the name behind each alias."""

    facts: ReportFacts
    names: dict[str, str]

    def remove_aliases(self, text: str) -> str:
        """The text without known aliases, whose digits are not figures."""
        return _ALIAS.sub(lambda found: "" if found.group().lower() in self.names else found.group(), text)

    def restore_names(self, text: str) -> str:
        """The text with names instead of aliases."""
        return _ALIAS.sub(lambda found: self.names.get(found.group().lower(), found.group()), text)


def anonymise(facts: ReportFacts) -> Anonymous:
    """Replace the names of referrers and unknown loops by numbers."""
    names: dict[str, str] = {}
    referrers = []
    for number, referrer in enumerate((each for each in facts.top_referrers if not each.under_review), start=1):
        names[f"referrer {number}"] = format_name(referrer.id)
        referrers.append(referrer.model_copy(update={"id": f"referrer {number}"}))
    aliases = _name_loops([*facts.loops, *facts.previous_loops, *(facts.change.by_loop if facts.change else ())], names)
    changes = {
        "top_referrers": referrers,
        "change": facts.change and _anonymise_change(facts.change, aliases, names),
        "loops": [_rename(loop, aliases) for loop in facts.loops],
        "previous_loops": [_rename(loop, aliases) for loop in facts.previous_loops],
    }
    return Anonymous(facts.model_copy(update=changes), names)


def _anonymise_change(change: HonestChange, aliases: dict[str, str], names: dict[str, str]) -> HonestChange:
    culprits = []
    for culprit in change.culprits:
        alias = f"referrer {sum(name.startswith('referrer') for name in names) + 1}"
        names[alias] = format_name(culprit.referrer_id)
        culprits.append(culprit.model_copy(update={"referrer_id": alias}))
    return change.model_copy(
        update={"culprits": culprits, "by_loop": [_rename(loop, aliases) for loop in change.by_loop]}
    )


def _name_loops(loops: Sequence[LoopPerformance | LoopEffect], names: dict[str, str]) -> dict[str, str]:
    aliases: dict[str, str] = {}
    for loop in loops:
        if loop.source not in KNOWN_LOOPS and loop.source not in aliases:
            aliases[loop.source] = f"Loop {len(aliases) + 1}"
            names[aliases[loop.source].lower()] = format_name(loop.name)
    return aliases


def _rename(loop: Loop, aliases: dict[str, str]) -> Loop:
    alias = aliases.get(loop.source)
    return loop if alias is None else loop.model_copy(update={"source": alias, "name": alias})
