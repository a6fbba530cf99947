"""Isolates names from others, so that they cannot change the direction of the text around them."""

import unicodedata

_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_TURNING = frozenset({"R", "AL", "AN", "LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_ISOLATES = frozenset({"LRI", "RLI", "FSI"})


def isolate(text: str) -> str:
    """The text, isolated if it has letters or controls that could turn the text next to it.

    Its unclosed isolates are closed, and unmatched ends of isolates are dropped.
    """
    kinds = [unicodedata.bidirectional(character) for character in text]
    if _TURNING.isdisjoint(kinds):
        return text
    depth, kept = 0, []
    for character, kind in zip(text, kinds, strict=True):
        depth += kind in _ISOLATES
        if kind == "PDI":
            if not depth:
                continue
            depth -= 1
        kept.append(character)
    return _FIRST_STRONG_ISOLATE + "".join(kept) + _POP_ISOLATE * (depth + 1)
