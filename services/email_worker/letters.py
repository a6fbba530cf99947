"""What a recipient reads, before it becomes a message."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

_ENCODED_WORD = "=?"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Letter:
    """A subject, the same content as HTML and as text, and the images that the HTML shows as `cid:NAME`."""

    subject: str
    html: str
    text: str
    images: dict[str, bytes] = field(default_factory=dict)


def clean_subject(text: str) -> str:
    """The text as one line of printable characters, so that nothing in it can end the header.

    Encoded words (RFC 2047) are broken up too: Python would decode them, with the line ends that they may hide.
    """
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line.replace(_ENCODED_WORD, "= ?")


@cache
def load_templates() -> Environment:
    """The templates, compiled once in a process; what is put into those of HTML is escaped."""
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
