"""Which values the parts of pages can have: what callbacks are given is one of these, or no page of ours sent it."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from dash.development.base_component import Component
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    TypeAdapter,
    with_config,
)
from typing_extensions import TypedDict

from viral_contract.models.cases import CaseVerdict
from viral_contract.models.people import Role

Part = StrictStr | StrictInt | StrictFloat | StrictBool


def _check_day(given: str) -> str:
    if given:
        date.fromisoformat(given)
    return given


def _check_choice(choices: Sequence[object], given: object) -> object:
    # Compared with their types, as 1 equals True.
    if (type(given), given) not in [(type(each), each) for each in choices]:
        raise ValueError
    return given


_Day = Annotated[StrictStr, AfterValidator(_check_day)]
_Days = Annotated[list[_Day | None], Field(max_length=2)]
_RowId = Annotated[StrictInt, Field(ge=0, lt=2**63)]
_TEXT = TypeAdapter[Any](StrictStr | None)
_NUMBER = TypeAdapter[Any](StrictInt | None)
_ANYTHING = TypeAdapter[Any](Any)
_DAY = TypeAdapter[Any](_Day | None)
_DAYS = TypeAdapter[Any](_Days | None)


@with_config(ConfigDict(extra="forbid"))
class _Shown(TypedDict):
    search: StrictStr
    digests: list[StrictInt]


@with_config(ConfigDict(extra="forbid"))
class _ListShown(TypedDict):
    search: StrictStr
    digests: dict[str, StrictInt]


@with_config(ConfigDict(extra="forbid"))
class _QueueShown(_ListShown):
    ids: Annotated[list[_RowId], Field(max_length=200)]


@with_config(ConfigDict(extra="forbid"))
class _Asked(TypedDict):
    ids: Annotated[list[_RowId], Field(min_length=1, max_length=100)]
    verdict: CaseVerdict
    reason: StrictStr
    change: StrictBool
    n: StrictInt


@with_config(ConfigDict(extra="forbid"))
class _Opened(_Asked):
    moved: StrictStr


@with_config(ConfigDict(extra="forbid"))
class _CaseShown(TypedDict):
    id: _RowId
    rule: StrictStr | None
    change: StrictBool
    next: _RowId | None


@with_config(ConfigDict(extra="forbid"))
class _DraftLoaded(TypedDict):
    id: _RowId
    name: StrictStr
    shadow: StrictBool
    start: _Day
    end: _Day
    until: _Day
    settings: dict[StrictStr, StrictInt | StrictFloat | StrictStr]
    live: dict[StrictStr, StrictInt | StrictFloat | StrictStr]


@with_config(ConfigDict(extra="forbid"))
class _Undone(TypedDict):
    key: Annotated[StrictStr, Field(pattern=r"^(bulk|[0-9]{1,18}):[0-9]{1,18}$")]
    n: StrictInt


@with_config(ConfigDict(extra="forbid"))
class _EmailShown(TypedDict):
    enabled: StrictBool
    digest: StrictInt


@with_config(ConfigDict(extra="forbid"))
class _Bulk(TypedDict):
    verdict: CaseVerdict
    n: StrictInt


_LIST_SHOWN = TypeAdapter[Any](_ListShown | None)
_SELECTED = TypeAdapter[Any](Annotated[list[StrictStr], Field(max_length=100)])
_STORES: dict[str, TypeAdapter[Any]] = {
    "guardrails-shown": TypeAdapter(_Shown | None),
    "traffic-shown": TypeAdapter(_Shown | None),
    "growth-shown": TypeAdapter(_Shown | None),
    "report-email-shown": TypeAdapter(_EmailShown | None),
    "case-shown": TypeAdapter(_CaseShown | None),
    "case-linked-ids": TypeAdapter(Annotated[list[_RowId], Field(max_length=20)]),
    "cases-shown": TypeAdapter(_QueueShown | None),
    "verdict-asked": TypeAdapter(_Asked | None),
    "verdict-opened": TypeAdapter(_Opened | None),
    "verdict-undone": TypeAdapter(_Undone | None),
    "report-shown": _NUMBER,
    "draft-shown": _NUMBER,
    "draft-loaded": TypeAdapter(_DraftLoaded | None),
    "reports-shown": TypeAdapter(StrictBool | None),
    "notifications-editing": TypeAdapter(_RowId | None),
    "what-if-configured": TypeAdapter(dict[StrictStr, StrictInt | StrictFloat] | None),
}
_PROPERTIES: dict[str, TypeAdapter[Any]] = {
    "n_clicks": _NUMBER,
    "n_submit": _NUMBER,
    "n_intervals": _NUMBER,
    "opened": TypeAdapter(StrictBool | None),
    "id": TypeAdapter(dict[str, Part]),
    "checked": TypeAdapter(StrictBool | None),
    "children": _ANYTHING,
}
# What the ids of buttons in lists hold, by the page that they name.
_IDS: dict[str, dict[str, TypeAdapter[Any]]] = {
    "guardrails": {"row": TypeAdapter(StrictStr), "action": TypeAdapter(Literal["trust", "untrust"])},
    "active-alerts": {"row": TypeAdapter(_RowId), "action": TypeAdapter(Literal["acknowledge"])},
    "violation": {"id": TypeAdapter(_RowId), "action": TypeAdapter(Literal["removed", "false_positive"])},
    "violation-note": {"id": TypeAdapter(_RowId)},
    "privacy": {"row": TypeAdapter(_RowId), "action": TypeAdapter(Literal["export", "erase", "erase-traces", "close"])},
    "notifications": {
        "row": TypeAdapter(_RowId),
        "action": TypeAdapter(Literal["edit", "test", "secret", "delete", "on", "off"]),
    },
    "subscriptions": {"row": TypeAdapter(StrictStr), "action": TypeAdapter(Literal["remove", "allow"])},
    "operations": {"row": TypeAdapter(StrictStr), "action": TypeAdapter(Literal["retry", "discard", "confirm"])},
    "people": {
        "row": TypeAdapter(_RowId),
        "action": TypeAdapter(Role | Literal["password", "activate", "deactivate", "revoke"]),
    },
    "calendar": {"row": TypeAdapter(StrictStr), "action": TypeAdapter(Literal["delete"])},
    "lists": {"row": TypeAdapter(StrictStr), "action": TypeAdapter(Literal["remove"])},
}


# To make one takes a millisecond, and each refresh of a page has its values checked.
_OF_LISTS = {"shown": _LIST_SHOWN, "selected": _SELECTED, "bulk": TypeAdapter[Any](_Bulk | None)}
_TEXTS = TypeAdapter[Any](list[StrictStr] | None)
# Empty it is a text.
_NUMBER = TypeAdapter[Any](StrictInt | StrictFloat | StrictStr | None)


def check_id(given: dict[str, Part]) -> None:
    """Whether a page of ours draws something with this id. Raises pydantic's ValidationError.

    Which parts an id has is up to the callback; a page's filters have others than the buttons of its rows.
    """
    for name, allowed in _IDS.get(str(given.get("page")), {}).items():
        if name in given:
            allowed.validate_python(given[name])


def check_value(name: str, prop: str, component: Component | None, value: object) -> None:
    """Whether the property of a component can have the value. Raises pydantic's ValidationError."""
    if prop == "value":
        _find_value_type(component).validate_python(value)
    elif prop == "data":
        _find_store_type(name).validate_python(value)
    else:
        _PROPERTIES.get(prop, _TEXT).validate_python(value)


def _find_store_type(name: str) -> TypeAdapter[Any]:
    """Of pages on the frame of lists/ what is shown; of the rest what is written down, or anything."""
    return _STORES.get(name, _OF_LISTS.get(name.rpartition("-")[2], _ANYTHING))


def _find_value_type(component: Component | None) -> TypeAdapter[Any]:
    kind = type(component).__name__
    if kind == "CheckboxGroup":
        return _TEXTS
    if kind == "NumberInput":
        return _NUMBER
    if kind == "DatePickerInput":
        return _DAYS if getattr(component, "type", None) == "range" else _DAY
    if kind in ("Select", "SegmentedControl"):
        choices = [each["value"] if isinstance(each, dict) else each for each in getattr(component, "data", [])]
        may_be_empty = getattr(component, "allowDeselect", kind == "Select")
        return TypeAdapter(Annotated[Any, AfterValidator(partial(_check_choice, (*choices, *[None] * may_be_empty)))])
    return _TEXT
