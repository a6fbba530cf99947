"""What a rule is, and how a list of rules is applied to a document."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from metrics_api.detection.pii.document import Document
from metrics_api.detection.pii.findings import PiiType

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
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


def find_candidates(pii_type: PiiType, rules: tuple[Rule, ...], document: Document) -> Iterator[Candidate]:
    """Apply rules in their order; each reports every place it accepts."""
    missing, words = ~document.traits, document.words
    for rule in rules:
        if not (rule.needs & missing or (rule.words and rule.words.isdisjoint(words))):
            for match in rule.pattern.finditer(document.text if rule.cased else document.lower):
                span = rule.locate(document, match)
                if span is not None:
                    yield Candidate(pii_type, *span, rule.name)
