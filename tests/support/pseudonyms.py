"""Pseudonyms with a key of the tests."""

from metrics_api.access.identifiers import References
from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.pii_scanner.redaction import Redactor

PSEUDONYMS = Pseudonyms(References("k"), Redactor("US"))
