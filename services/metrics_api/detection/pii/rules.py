"""What a rule is, and how a list of rules is applied to a document."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from metrics_api.detection.pii.budget import check_budget
from metrics_api.detection.pii.document import HAS_LONG_NUMBER, Document, Span
from metrics_api.detection.pii.findings import PiiType


class Candidate(NamedTuple):
    """A place in a document that a rule takes for personal information; overlaps are not settled yet."""

    type: PiiType
    start: int
    end: int
    rule: str


def whole_match(_document: Document, match: re.Match[str]) -> Span | None:
    """Take the match as it is."""
    return match.span()


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of writing a type.

    `locate` looks at what `pattern` matched and gives the span of the information, or None when it is something
    else. A document without all traits of `needs`, or with none of `words`, is not searched. The pattern is applied
    to the lower-case text unless the rule is `cased`.
    """

    name: str
    pattern: re.Pattern[str]
    locate: Callable[[Document, re.Match[str]], Span | None] = whole_match
    needs: int = 0
    words: frozenset[str] = frozenset()
    cased: bool = False

    def applies_to(self, document: Document) -> bool:
        """Say cheaply whether the pattern is worth trying."""
        return self.needs & ~document.traits == 0 and not (self.words and self.words.isdisjoint(document.words))


class RuleSet:
    """All rules of the scanner, in an order that a document's traits choose from."""

    def __init__(self, rules: Mapping[PiiType, tuple[Rule, ...]]) -> None:
        self._rules = [(pii_type, rule) for pii_type, its_rules in rules.items() for rule in its_rules]
        self._by_traits: dict[int, list[tuple[PiiType, Rule]]] = {}

    def find_candidates(self, document: Document) -> list[Candidate]:
        """Apply every rule whose traits and words the document has; each reports every place it accepts."""
        words = document.words
        found: list[Candidate] = []
        for pii_type, rule in self._choose(document.traits):
            if rule.words and rule.words.isdisjoint(words):
                continue
            for match in _find_matches(rule, document):
                span = rule.locate(document, match)
                if span is not None:
                    found.append(Candidate(pii_type, *span, rule.name))
        return found

    def _choose(self, traits: int) -> list[tuple[PiiType, Rule]]:
        if traits not in self._by_traits:
            self._by_traits[traits] = [(pii_type, rule) for pii_type, rule in self._rules if rule.needs & ~traits == 0]
        return self._by_traits[traits]


def _find_matches(rule: Rule, document: Document) -> Iterable[re.Match[str]]:
    check_budget()
    if rule.needs & HAS_LONG_NUMBER:
        windows = document.number_windows
        if len(windows) == 1:
            return rule.pattern.finditer(document.lower, *windows[0])
        return chain.from_iterable(rule.pattern.finditer(document.lower, *window) for window in windows)
    return rule.pattern.finditer(document.text if rule.cased else document.lower)
