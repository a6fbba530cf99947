"""What the form of a verdict says before it is saved, and what comes of saving and undoing it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from dash import html, no_update
from dash.development.base_component import Component

from dashboard.cases.words import MARKS, REASONS, VERDICTS, build_undo_key
from dashboard.errors import API_FAILURES, format_failure
from dashboard.formats import format_age
from dashboard.links import case_path
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.cases import BulkVerdictRequest, Case, CaseVerdict, VerdictEffect, VerdictRequest
from viral_reports.figures import format_counted, format_k

_CREDIBILITY = {"credible": "credible", "doubtful": "doubtful", "not_credible": "not credible"}
_DEFAULT_UNTIL: dict[CaseVerdict, str] = {"fraud": "none", "legitimate": "90", "unsure": "none"}
_UNDOABLE = "You can undo this."
_log = structlog.get_logger()


def ask(api: MetricsApi, asked: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """What the form shows for the cases and the verdict that somebody is about to save."""
    ids, verdict = asked["ids"], asked["verdict"]
    reasons = REASONS[verdict]
    until = _DEFAULT_UNTIL[verdict]
    reason = asked["reason"] if asked["reason"] in reasons else reasons[0]
    effect = _preview(api, ids, VerdictRequest(verdict=verdict, reason=reason, until=find_end(until, now=now)))
    what = f"case {ids[0]}" if len(ids) == 1 else f"{len(ids)} cases"
    return {
        "title": f"Mark {what} as {MARKS[verdict]}",
        "reasons": list(reasons),
        "reason": reason,
        "note": "",
        "until": until,
        "consequence": format_consequence(effect) if len(ids) == 1 else "All in one step, and one undo.",
        "problem": "",
        "save": f"Mark {'' if len(ids) == 1 else f'{len(ids)} '}as {MARKS[verdict]}",
        "opened": {**asked, "moved": _format_moved(effect)},
    }


def _preview(api: MetricsApi, ids: Sequence[int], request: VerdictRequest) -> VerdictEffect | None:
    """What one verdict would change; of several nothing is foretold."""
    if len(ids) != 1:
        return None
    try:
        return api.preview_verdict(ids[0], request)
    except API_FAILURES as error:
        # The form works without it, too.
        _log.warning("preview_failed", reason=type(error).__name__)
        return None


def find_end(until: str | None, *, now: datetime) -> datetime | None:
    """When a verdict ends that holds for so many days."""
    return now + timedelta(days=int(until)) if until and until.isdecimal() else None


def format_consequence(effect: VerdictEffect | None) -> str:
    """What a verdict changes, in one line."""
    if effect is None:
        return _UNDOABLE
    rewards = f"{format_counted(effect.conversions, 'conversion')}: reward {_CREDIBILITY[effect.credibility]}."
    before, after = format_k(effect.k_factor_clean_now), format_k(effect.k_factor_clean)
    k_factor = f"K clean {before} → {after}." if before != after else ""
    restated = format_counted(len(effect.restated_reports), "report")
    reports = f"{restated} to be restated." if effect.restated_reports else ""
    return " ".join(part for part in (rewards if effect.conversions else "", k_factor, reports, _UNDOABLE) if part)


def _format_moved(effect: VerdictEffect | None) -> str:
    """What left or came back to K clean; nothing where K stays."""
    if effect is None or not effect.conversions or effect.k_factor_clean == effect.k_factor_clean_now:
        return ""
    way = "left" if effect.k_factor_clean < effect.k_factor_clean_now else "came back to"
    return f"{format_counted(effect.conversions, 'conversion')} {way} K clean."


def save(
    api: MetricsApi, opened: Mapping[str, Any], reason: str, note: str | None, until: str | None, *, now: datetime
) -> dict[str, Any]:
    """Save the verdict; a refusal is explained in the form, and one that came too late beside the case."""
    ids, verdict = opened["ids"], opened["verdict"]
    end, change = find_end(until, now=now), bool(opened.get("change"))
    request = VerdictRequest(verdict=verdict, reason=reason, note=note, until=end, change=change)
    try:
        key = _send(api, ids, request)
    except API_FAILURES as error:
        _log.warning("verdict_failed", reason=type(error).__name__)
        return _explain(api, ids, error, now=now)
    said = f"{VERDICTS[verdict]}, by you just now"
    words = f"Case {ids[0]}: {verdict}." if len(ids) == 1 else f"{len(ids)} cases decided: {verdict}."
    return {
        "done": {
            "states": {str(each): {"text": said, "tone": verdict, "undo": key} for each in ids},
            "at": now.timestamp(),
        },
        "toast": [build_toast(f"{words} {opened.get('moved', '')}".strip(), key, str(now))],
        "problem": "",
    }


def _send(api: MetricsApi, ids: Sequence[int], request: VerdictRequest) -> str:
    """Save it; what undoes it, which is a case's verdict or a bulk verdict."""
    if len(ids) == 1:
        decision = api.decide_case(ids[0], request).decision
        return build_undo_key(ids[0], decision) if decision else ""
    return f"bulk:{api.decide_cases(BulkVerdictRequest(ids=list(ids), **request.model_dump())).undo_id}"


def _explain(api: MetricsApi, ids: Sequence[int], error: Exception, *, now: datetime) -> dict[str, Any]:
    if isinstance(error, ApiProblemError) and error.status == 409 and len(ids) == 1:
        try:
            return _show_other(api.fetch_case(ids[0]), now=now)
        except API_FAILURES:
            return _say_problem(format_failure(error))
    if isinstance(error, ApiProblemError):
        return _say_problem(format_failure(error))
    return _say_problem("Not saved: no connection. Try again.")


def _say_problem(problem: str) -> dict[str, Any]:
    return {"done": no_update, "toast": no_update, "problem": problem}


def _show_other(case: Case, *, now: datetime) -> dict[str, Any]:
    """Somebody else was quicker: their verdict stands, and their name beside it."""
    decision = case.decision
    if decision is None:
        return _say_problem(f"Not saved: case {case.id} is {case.status}.")
    text = f"{VERDICTS[decision.verdict]}, by {decision.decided_by} {format_age(decision.decided_at, now=now)}"
    state = {"text": text, "tone": decision.verdict, "view": case_path(case.id)}
    toast = build_toast(f"Not saved. Case {case.id}: {text}.", None, str(now))
    return {"done": {"states": {str(case.id): state}, "at": now.timestamp()}, "toast": [toast], "problem": ""}


def undo(api: MetricsApi, undone: Mapping[str, Any]) -> dict[str, Any]:
    """Take a verdict back, or all of a bulk one."""
    of, verdict_id = str(undone["key"]).split(":")
    try:
        if of == "bulk":
            cases = api.undo_verdicts(int(verdict_id)).cases
        else:
            cases = [api.undo_verdict(int(of), int(verdict_id))]
    except API_FAILURES as error:
        _log.warning("undo_failed", reason=type(error).__name__)
        return {"done": no_update, "toast": [build_toast(format_failure(error), None, str(undone["n"]))]}
    words = f"Case {cases[0].id} is {cases[0].status} again." if len(cases) == 1 else f"{len(cases)} verdicts undone."
    return {
        "done": {"states": {str(case.id): None for case in cases}, "at": undone["n"], "undone": True},
        "toast": [build_toast(words, None, str(undone["n"]))],
    }


def build_toast(said: str, undo_key: str | None, key: str) -> Component:
    """What was done, for some seconds; a new key shows it once more."""
    button = html.Button(
        ["Undo", html.Kbd("Z")], className="toast-undo", type="button", **{"data-undo": undo_key or ""}
    )
    return html.Div([html.Span(said), *([button] if undo_key else [])], className="toast", key=key, role="status")
