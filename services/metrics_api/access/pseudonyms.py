"""What is stored in place of personal information that events and links carry as an id or in a text."""

from typing import NamedTuple

from metrics_api.access.identifiers import References
from metrics_api.pii_scanner.findings import PiiType
from metrics_api.pii_scanner.redaction import Redactor


class StoredId(NamedTuple):
    """An id as it is stored, and the type of what it was, None for an id that was stored as given."""

    id: str
    type: PiiType | None


class Pseudonyms:
    """Replaces ids that are someone's email address, phone number or the like, the same one always alike."""

    def __init__(self, references: References, redactor: Redactor) -> None:
        self._references = references
        self.redactor = redactor

    def replace(self, given: str) -> StoredId:
        """The id to store."""
        found = self.redactor.identify(given)
        if found is None:
            return StoredId(given, None)
        return StoredId(f"pii-{found.type}-{self._references.to_pseudonym(found.type, found.canonical)}", found.type)

    def replace_text(self, text: str) -> str:
        """The text to store."""
        redacted = self.redactor.redact(text)
        return text if redacted is None else redacted.text
