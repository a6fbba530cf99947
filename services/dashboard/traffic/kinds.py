"""The classes of traffic as people read them: with and without a user agent, a person is a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from dash import html
from dash.development.base_component import Component

from viral_contract.models.traffic import PEOPLE, TrafficAnswer, TrafficClass


class Named(Protocol):
    """What a color stands for."""

    @property
    def slug(self) -> str:
        """The end of the css class that has the color."""

    @property
    def name(self) -> str:
        """What it is called."""


@dataclass(frozen=True)
class Kind:
    """One or more classes under one name; `slug` ends the css class that colors it."""

    slug: str
    name: str
    hint: str
    classes: tuple[TrafficClass, ...]

    def count(self, by_class: Mapping[TrafficClass, int]) -> int:
        """How many of these clicks are of this kind."""
        return sum(by_class.get(each, 0) for each in self.classes)


@dataclass(frozen=True)
class KindCount:
    """What a period has of a kind."""

    kind: Kind
    clicks: int
    visits: int
    share: float


PERSON = Kind("people", "People", "Any other user agent, or none given; these count", PEOPLE)
FILTERED = (
    Kind("preview", "Link previews", "Apps fetch a link to draw its card: WhatsApp, iMessage, Slack", ("preview",)),
    Kind("bot", "Known bots", "Crawlers that name themselves: Googlebot, Bingbot", ("known_bot",)),
    Kind("prefetch", "Prefetch", "The browser or mail scanner loads ahead; nobody clicked", ("prefetch",)),
    Kind("library", "HTTP libraries", "Scripts and monitors: curl, python-requests", ("library",)),
)
KINDS = (PERSON, *FILTERED)
NAMES = {each: kind.name for kind in KINDS for each in kind.classes}
NOTHING_FILTERED = "Nothing was filtered in this period"


def count_kinds(answer: TrafficAnswer) -> list[KindCount]:
    """Every kind, people first, also those of which there is nothing."""
    clicks = {each.traffic_class: each.clicks for each in answer.classes}
    visits = {each.traffic_class: each.visits for each in answer.classes}
    total = sum(clicks.values())
    return [
        KindCount(kind, kind.count(clicks), kind.count(visits), kind.count(clicks) / total if total else 0)
        for kind in KINDS
    ]


def count_filtered(answer: TrafficAnswer) -> int:
    """The clicks that no person made."""
    return sum(each.clicks for each in answer.classes if each.traffic_class not in PEOPLE)


def count_clicks(answer: TrafficAnswer) -> int:
    """All clicks, of people or not."""
    return sum(each.clicks for each in answer.classes)


def build_named(named: Named) -> Component:
    """The name with its color."""
    swatch = html.Span(className=f"swatch traffic-{named.slug}", **{"aria-hidden": "true"})
    return html.Span([swatch, named.name], className="kind")


def build_nothing(text: str) -> Component:
    """What stands where there is nothing to show."""
    return html.P(text, className="nothing")
