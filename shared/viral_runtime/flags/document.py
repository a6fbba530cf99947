"""A flags document in flagd's format: whether each of our flags in it is valid, its percentage, and its changes.

A change writes a flag as the chart does: off, on, or on for a share.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, OpenFeatureError

from viral_contract.models.flags import FLAGS, Flag

Definition = Mapping[str, Any]
_FRACTIONAL = "fractional"
_WHOLE = 100


class BrokenFlagsError(Exception):
    """The document would not do what its author meant; the message gives the reason."""


Document = dict[str, Any]
_KEY = {"var": "targetingKey"}
_BUCKET = {"cat": [{"var": "$flagd.flagKey"}, _KEY]}
_IF = "if"


class OwnRuleError(Exception):
    """The flag has a hand-written rule, which the change would drop."""


def build_evaluator(document: Any) -> FlagdCore:
    """An evaluator of the document's flags. Raises BrokenFlagsError unless each of our flags works in it."""
    if not isinstance(document, dict) or not isinstance(document.get("flags"), dict):
        raise BrokenFlagsError('it is not an object with an object "flags" in it')
    for name in set(FLAGS) & document["flags"].keys():
        _check_variants(name, document["flags"][name])
    evaluator = FlagdCore()
    try:
        # As text, because the evaluator modifies its input.
        evaluator.set_flags(json.dumps(document))
    except OpenFeatureError as error:
        raise BrokenFlagsError(error.error_message or "it is not in flagd's format") from error
    for name, meaning in FLAGS.items():
        try:
            evaluator.resolve_boolean_value(name, meaning.default, EvaluationContext("anybody"))
        except FlagNotFoundError:
            continue
        except Exception as error:  # An invalid rule can raise anything.
            raise BrokenFlagsError(f"{name}: its rule can't be evaluated ({error})") from error
    return evaluator


def find_percentage(definition: Definition | None, *, default: bool) -> float | None:
    """The percentage for which the flag is on; None if another rule decides."""
    if definition is None or definition["state"] == "DISABLED":
        return _WHOLE * default
    rest = _leave_rules(definition.get("targeting") or definition.get("defaultVariant"))
    if rest is None:
        return _WHOLE * default
    if isinstance(rest, str):
        return _WHOLE * bool(definition["variants"].get(rest))
    weights = list(_list_weights(rest))
    if rest.keys() != {_FRACTIONAL} or not weights:
        return None
    on = sum(weight for variant, weight in weights if definition["variants"][variant])
    return _WHOLE * on / sum(weight for _, weight in weights)


def has_rule(definition: Definition | None) -> bool:
    """Whether the flag uses more than a percentage."""
    targeting = definition.get("targeting") if definition else None
    return bool(targeting and targeting.keys() != {_FRACTIONAL})


def _leave_rules(targeting: Any) -> Any:
    """The result if no condition matches: the last part of each "if"."""
    while isinstance(targeting, dict) and targeting.keys() == {"if"} and len(targeting["if"]) % 2:
        targeting = targeting["if"][-1]
    return targeting


def _check_variants(name: str, definition: Any) -> None:
    if not isinstance(definition, dict) or not isinstance(definition.get("variants"), dict):
        raise BrokenFlagsError(f"{name}: it has no variants")
    variants = definition["variants"]
    if not all(isinstance(value, bool) for value in variants.values()):
        raise BrokenFlagsError(f"{name}: a variant is neither true nor false")
    shares = list(_list_weights(definition.get("targeting")))
    if shares and not sum(weight for _, weight in shares):
        raise BrokenFlagsError(f"{name}: its shares add up to nothing")
    named = [variant for variant, _ in shares]
    named += [definition["defaultVariant"]] if definition.get("defaultVariant") else []
    for variant in named:
        if variant not in variants:
            raise BrokenFlagsError(f"{name}: there is no variant {variant!r}")


def _list_weights(targeting: Any) -> Iterator[tuple[str, float]]:
    """The shares anywhere in a rule: (variant, weight)."""
    if isinstance(targeting, list):
        for part in targeting:
            yield from _list_weights(part)
    if isinstance(targeting, dict):
        for name, parts in targeting.items():
            if name == _FRACTIONAL and isinstance(parts, list):
                yield from (_read_share(part) for part in parts if isinstance(part, list) and part)
            else:
                yield from _list_weights(parts)


def _read_share(part: list[Any]) -> tuple[str, float]:
    variant, weight = part[0], part[1] if len(part) > 1 else 1
    if not isinstance(variant, str) or not isinstance(weight, int | float) or weight < 0:
        raise BrokenFlagsError(f"{part} is not a valid share of a variant")
    return variant, weight


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
