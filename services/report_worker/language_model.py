"""The optional writer: a language model rewords the rules' findings.

It gets aggregates without names. Its whole answer is discarded if it has another form than requested, contains a number
that is not in the facts, or calls something a change that may be chance.
"""

import json
import re
from datetime import date
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from report_worker.anonymous import Anonymous, anonymise
from report_worker.chat_completion import ModelFailedError, ask_model
from report_worker.insights import HEALTH_WARNING_BELOW, VIRAL, write_insights
from report_worker.number_check import KnownNumbers
from report_worker.recommendations import PROMISING_FROM, WEAK_BELOW, write_recommendations
from report_worker.settings import AiSettings
from report_worker.writing import ReportText
from viral_contract.models.period import Period
from viral_contract.models.reports import Insight, ReportFacts, clean_k_of

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
    """The first word of an unproven change: for the rule's own value, or, in other texts, for both values."""
    own = {"k_factor_trend": facts.verdict, "conversion_change": facts.conversion_verdict}
    verdicts = {own[rule]} if rule in own else set(own.values())
    for direction, words in (("up", _RISE), ("down", _FALL)):
        if verdicts != {direction} and (found := words.search(text)):
            return found.group()
    return None


_MOST_DAYS = 31
_LONGEST_TEXT = 500
_INSTRUCTIONS = """\
You word the findings of a report on the growth of an app, for its managers. Answer with one JSON object and nothing \
else: {"insights": [{"rule": "...", "text": "..."}], "recommendations": ["..."]}.
- insights: one for each finding, with the finding's rule, in the same order. One or two plain sentences each.
- recommendations: as many as you are given, in the same order. One or two plain sentences each.
- Write digits, not words. Use only numbers that are in the facts or findings; compute none, not even a ratio.
- Where a finding says "not enough data" or "no clear change", say so too, and call nothing a rise or a fall.
- Names such as "referrer 1" or "Loop 2" stay exactly as they are. No links, no markup.
"""
_FORBIDDEN = re.compile(r"https?:|www\.|://|[<>\x00-\x1f\x7f]", re.IGNORECASE)
_K_CLAIM = re.compile(r"\bK(?:[- ]factor)?\s+(?:is|was|reached|hit|stands at|rose to|fell to)\s+(\d(?:[\d.,]*\d)?)")
_WRITTEN = re.compile(r"(\d(?:[\d,.]*\d)?)(%?)")
_log = structlog.get_logger()


class _Worded(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: str
    text: str = Field(min_length=10, max_length=_LONGEST_TEXT)


class _Answer(BaseModel):
    insights: list[_Worded]
    recommendations: list[str]


def write_with_model(facts: ReportFacts, *, settings: AiSettings) -> ReportText | None:
    """The model's text for the rules' findings; None, with the reason in the log, if it cannot be used."""
    if not facts.has_data:
        return None
    anonymous = anonymise(facts)
    findings, advice = write_insights(anonymous.facts), write_recommendations(anonymous.facts)
    brief = build_brief(anonymous.facts, findings, advice)
    try:
        answer = _parse(ask_model(settings, _INSTRUCTIONS, json.dumps(brief)))
        check_answer(answer, brief, anonymous)
    except ModelFailedError as error:
        _log.warning("ai_insights_discarded", reason=str(error))
        return None
    # The findings keep their rule, effect, interval and sample; only the text is the model's.
    insights = [
        finding.model_copy(update={"text": anonymous.restore_names(worded.text)})
        for finding, worded in zip(findings, answer.insights, strict=True)
    ]
    return ReportText(insights, [anonymous.restore_names(text) for text in answer.recommendations], "model")


def build_brief(facts: ReportFacts, findings: list[Insight], advice: list[str]) -> dict[str, Any]:
    """Everything that the model sees: aggregates without names."""
    known = facts.model_dump(mode="json", exclude={"report_type", "snapshot_at", "has_data"})
    if len(facts.timeline) > _MOST_DAYS:
        del known["timeline"]
    known["days"] = Period.between(facts.period_start, facts.period_end).days
    known["limits"] = [VIRAL, PROMISING_FROM, WEAK_BELOW, HEALTH_WARNING_BELOW]
    return {
        "facts": known,
        "findings": [finding.model_dump() for finding in findings],
        "recommendations": advice,
    }


def check_answer(answer: _Answer, brief: dict[str, Any], anonymous: Anonymous) -> None:
    """Raise ModelFailedError unless every text was requested and every number in it is in the brief."""
    if [worded.rule for worded in answer.insights] != [finding["rule"] for finding in brief["findings"]]:
        raise ModelFailedError("insights do not match the request")
    if len(answer.recommendations) != len(brief["recommendations"]):
        raise ModelFailedError("recommendations do not match the request")
    numbers, k_values = _list_known_numbers(brief, anonymous.facts)
    for rule, text in _list_texts(answer):
        _check_text(rule, anonymous.remove_aliases(text), numbers, k_values, anonymous.facts)


def _check_text(rule: str, text: str, numbers: KnownNumbers, k_values: KnownNumbers, facts: ReportFacts) -> None:
    if not 0 < len(text.strip()) <= _LONGEST_TEXT or _FORBIDDEN.search(text):
        raise ModelFailedError(f"text of {rule} is not plain")
    if unknown := numbers.find_unknown(text):
        raise ModelFailedError(f"number not in the facts: {unknown}")
    if wrong := next((claim for claim in _K_CLAIM.findall(text) if k_values.find_unknown(claim)), None):
        raise ModelFailedError(f"K is not {wrong}")
    if word := find_unproven_change(rule, text, facts):
        raise ModelFailedError(f"change that may be chance: {word}")


def _list_texts(answer: _Answer) -> list[tuple[str, str]]:
    worded = [(insight.rule, insight.text) for insight in answer.insights]
    return worded + [("recommendation", text) for text in answer.recommendations]


def _list_known_numbers(brief: dict[str, Any], facts: ReportFacts) -> tuple[KnownNumbers, KnownNumbers]:
    # Values computed by the rules, such as a share, are in their sentences.
    sentences = [finding["text"] for finding in brief["findings"]] + brief["recommendations"]
    computed = [_to_number(*found) for text in sentences for found in _WRITTEN.findall(text)]
    k_values = [facts.current.k_factor, facts.previous.k_factor, facts.k_factor_clean]
    k_values += [loop.k_factor for loop in (*facts.loops, *facts.previous_loops)]
    if facts.change:
        k_values += [facts.change.k_factor_clean, facts.change.previous_k_factor_clean]
    if facts.honest_k:
        k_values.append(facts.honest_k.k_cohort)
    k_values += [clean_k_of(loop) for loop in facts.loops]
    k_values += [day.k_factor for day in facts.timeline]
    return KnownNumbers([brief, computed], _list_dates(facts)), KnownNumbers(k_values, ())


def _to_number(digits: str, sign: str) -> dict[str, float]:
    return {"computed_pct" if sign else "computed": float(digits.replace(",", ""))}


def _list_dates(facts: ReportFacts) -> list[date]:
    period = Period.between(facts.period_start, facts.period_end)
    return [*period.dates(), *period.previous().dates()]


def _parse(content: str) -> _Answer:
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", content, re.DOTALL)
    try:
        return _Answer.model_validate_json(fenced.group(1) if fenced else content)
    except ValidationError:
        raise ModelFailedError("answer is not the requested JSON") from None
