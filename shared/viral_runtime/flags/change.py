"""Changes one flag in flagd's format, as the chart writes it: off, on, or on for a share."""

from typing import Any

from viral_contract.models.flags import Flag
from viral_runtime.flags.document import build_evaluator

Document = dict[str, Any]
_KEY = {"var": "targetingKey"}
_BUCKET = {"cat": [{"var": "$flagd.flagKey"}, _KEY]}
_FRACTIONAL, _IF, _WHOLE = "fractional", "if", 100


class OwnRuleError(Exception):
    """The flag has a hand-written rule, which the change would drop."""


def set_flag(document: Document, flag: Flag, percent: int, *, replace_rule: bool = False) -> Document:
    """The document with this flag on for `percent`, 0 to 100; a growing share keeps those who have it.

    People named in the flag keep it while it is on for anyone. Raises BrokenFlagsError for an invalid document, and
    OwnRuleError for a rule of another form unless it may be replaced.
    """
    build_evaluator(document)
    people = _find_people(document["flags"].get(flag, {}).get("targeting"))
    if people is None and not replace_rule:
        raise OwnRuleError
    definition = {
        "defaultVariant": "on" if percent == _WHOLE else "off",
        "state": "ENABLED",
        "variants": {"off": False, "on": True},
    }
    if 0 < percent < _WHOLE:
        definition["targeting"] = _build_targeting(percent, people or [])
    changed = {**document, "flags": {**document["flags"], flag.value: definition}}
    build_evaluator(changed)
    return changed


def _build_targeting(percent: int, people: list[str]) -> Document:
    share = {_FRACTIONAL: [_BUCKET, ["on", percent], ["off", _WHOLE - percent]]}
    return {_IF: [{"in": [_KEY, people]}, "on", share]} if people else share


def _find_people(targeting: Any) -> list[str] | None:
    """The people named in the chart's form of a rule; None for a rule of another form."""
    if not targeting or _is_share(targeting):
        return []
    match targeting:
        case {"if": [{"in": [{"var": "targetingKey"}, list(people)]}, "on", rest]}:
            return people if rest == "off" or _is_share(rest) else None
    return None


def _is_share(rule: Any) -> bool:
    match rule:
        case {"fractional": [{"cat": _}, ["on", int()], ["off", int()]]}:
            return True
        case {"fractional": [["on", int()], ["off", int()]]}:
            return True
    return False
