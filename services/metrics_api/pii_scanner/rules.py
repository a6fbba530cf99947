"""Rules, and how a list of them is applied to a document."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from metrics_api.pii_scanner.budget import check_budget
from metrics_api.pii_scanner.document import HAS_LONG_NUMBER, Document, Span
from metrics_api.pii_scanner.findings import PiiType

_MOST_CHOICES = 2_000


class Candidate(NamedTuple):
    """A place in a document that a rule considers personal information, before overlaps are resolved."""

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
    """All rules of the scanner, of which a document's traits and words choose some."""

    def __init__(self, rules: Mapping[PiiType, tuple[Rule, ...]]) -> None:
        self._rules = [(pii_type, rule) for pii_type, its_rules in rules.items() for rule in its_rules]
        self._always = sum(1 << place for place, (_, rule) in enumerate(self._rules) if not rule.words)
        self._by_word: dict[str, int] = {}
        for place, (_, rule) in enumerate(self._rules):
            for word in rule.words:
                self._by_word[word] = self._by_word.get(word, 0) | 1 << place
        self._words = frozenset(self._by_word)
        self._chosen: dict[tuple[int, int], list[tuple[PiiType, Rule]]] = {}

    def find_candidates(self, document: Document) -> list[Candidate]:
        """Apply every rule whose traits and words the document has; each reports every place it accepts."""
        bits = self._always
        for word in document.words & self._words:
            bits |= self._by_word[word]
        found: list[Candidate] = []
        for pii_type, rule in self._choose(document.traits, bits):
            for match in _find_matches(rule, document):
                span = rule.locate(document, match)
                if span is not None:
                    found.append(Candidate(pii_type, *span, rule.name))
        return found

    def _choose(self, traits: int, bits: int) -> list[tuple[PiiType, Rule]]:
        """The rules of these `bits` as far as the traits are there; texts of one kind ask for the same."""
        chosen = self._chosen.get((traits, bits))
        if chosen is None:
            if len(self._chosen) >= _MOST_CHOICES:
                self._chosen.clear()
            chosen = [
                each for place, each in enumerate(self._rules) if bits >> place & 1 and not each[1].needs & ~traits
            ]
            self._chosen[traits, bits] = chosen
        return chosen


def _find_matches(rule: Rule, document: Document) -> Iterable[re.Match[str]]:
    check_budget()
    if rule.needs & HAS_LONG_NUMBER:
        windows = document.number_windows
        if len(windows) == 1:
            return rule.pattern.finditer(document.lower, *windows[0])
        return chain.from_iterable(rule.pattern.finditer(document.lower, *window) for window in windows)
    return rule.pattern.finditer(document.text if rule.cased else document.lower)
