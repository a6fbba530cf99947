"""Parses a document in flagd's format: whether each of our flags in it is valid, and its percentage."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, OpenFeatureError

from viral_contract.models.flags import FLAGS

Definition = Mapping[str, Any]
_FRACTIONAL = "fractional"
_WHOLE = 100


class BrokenFlagsError(Exception):
    """The document would not do what its author meant; the message gives the reason."""


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
