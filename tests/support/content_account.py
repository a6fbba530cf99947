"""An independent account of written content: which violations stand, and what every day's facts must be."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from tests.support.us_scanner import find_violations
from viral_contract.models.content import ParentShareItem, ProgressReelItem, StudySessionItem

Item = ParentShareItem | ProgressReelItem | StudySessionItem
Key = tuple[str, str]
Place = tuple[str, str, str]
Judgements = dict[Place, str | None]
Counts = dict[tuple[date, str], tuple[int, ...]]
KINDS = {ParentShareItem: "parent_share", ProgressReelItem: "progress_reel", StudySessionItem: "study_session"}
COUNTS = ("items", "unopened", "participants", "checked", "violating")


@dataclass
class Account:
    """What is known of every item by its kind and id; a deleted item may leave removed violations."""

    items: dict[Key, Item] = field(default_factory=dict)
    created: dict[Key, datetime] = field(default_factory=dict)
    judged: dict[Key, Judgements] = field(default_factory=dict)
    removed_before: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def save(self, items: list[Item], *, now: datetime) -> None:
        """Write the items one after the other."""
        for item in {item.id: item for item in items}.values():
            key = (KINDS[type(item)], item.id)
            known = self.items.get(key)
            self.created[key] = item.inserted_at or (self.created[key] if known else now)
            self.judged[key] = self._judge(self.judged.get(key, {}), known, item)
            self.items[key] = item

    def _judge(self, before: Judgements, known: Item | None, item: Item) -> Judgements:
        found = find_places(item)
        key = (KINDS[type(item)], item.id)
        self.removed_before.update((*key, *place) for place in found if before.get(place) == "removed")
        kept = {place: said for place, said in before.items() if (place in found) != (said == "removed")}
        for place, said in kept.items():
            if said == "false_positive" and value_at(known, place) != value_at(item, place):
                kept[place] = None
        return dict.fromkeys(found) | kept

    def delete(self, kind: str, item_id: str) -> None:
        """Forget the item and everything about it but what was removed."""
        key = (kind, item_id)
        self.items.pop(key, None)
        self.judged[key] = {place: said for place, said in self.judged.get(key, {}).items() if said == "removed"}

    def resolve(self, key: Key, place: Place, resolution: str) -> None:
        """Somebody said what became of it."""
        self.judged[key][place] = resolution

    def violations(self) -> dict[tuple[str, ...], str | None]:
        """The latest violation of each place with what was said about it."""
        return {(*key, *place): said for key, judged in self.judged.items() for place, said in judged.items()}

    def rows(self) -> Counter[tuple[str | None, ...]]:
        """Every violation with what was said about it; those too that were removed before the latest post."""
        latest = Counter((*place, said) for place, said in self.violations().items())
        return latest + Counter({(*place, "removed"): times for place, times in self.removed_before.items()})

    def counts(self) -> Counts:
        """The facts of every day that has any."""
        counts: Counter[tuple[date, str, str]] = Counter()
        for key in {*self.items, *(key for key in self.judged if self._all_said(key))}:
            for name, number in self._count(key).items():
                counts[self.created[key].date(), key[0], name] += number
        days = {(day, kind) for (day, kind, _), number in counts.items() if number}
        return {(day, kind): tuple(counts[day, kind, name] for name in COUNTS) for day, kind in days}

    def _count(self, key: Key) -> dict[str, int]:
        item, said = self.items.get(key), self._all_said(key)
        if isinstance(item, StudySessionItem):
            return {"items": 1, "participants": len(set(item.participant_ids))}
        checked = {"checked": 1, "violating": int(any(word != "false_positive" for word in said))}
        return checked if item is None else {"items": 1, "unopened": int(item.view_count == 0), **checked}

    def _all_said(self, key: Key) -> list[str | None]:
        before = ["removed" for place in self.removed_before if place[:2] == key]
        return [*self.judged.get(key, {}).values(), *before]


def find_places(item: Item) -> set[Place]:
    """What violates in an item."""
    if isinstance(item, StudySessionItem):
        return set()
    media = [one.model_dump() for one in item.media]
    return {(found.kind, found.path, found.masked) for found in find_violations(data_of(item), media)}


def data_of(item: Item) -> dict[str, Any]:
    """The data of a share or reel."""
    data: dict[str, Any] = item.share_data if isinstance(item, ParentShareItem) else item.reel_data  # type: ignore[union-attr]
    return data


def value_at(item: Item | None, place: Place) -> object:
    """What stands at the place of a violation, in data without objects inside."""
    assert isinstance(item, ParentShareItem | ProgressReelItem)
    name = place[1].rsplit("/", 1)[1]
    return item.media[int(name)] if place[0] == "media_without_consent" else data_of(item)[name]


def fetch_counts(connection: Connection) -> Counts:
    """The stored facts of every day that has any."""
    rows = connection.execute(text(f"SELECT day, kind, {', '.join(COUNTS)} FROM content_per_day"))
    return {(row.day, row.kind): tuple(row[2:]) for row in rows if any(row[2:])}


def fetch_violations(connection: Connection) -> Counter[tuple[str | None, ...]]:
    """The stored violations with what was said about them."""
    columns = "content_kind, content_id, type, path, masked, resolution"
    return Counter(tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM violations")))
