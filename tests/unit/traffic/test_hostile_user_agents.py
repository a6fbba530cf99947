"""User agents made to keep the classifier busy: whoever sends one stops no process."""

import subprocess
import sys

# The longest that an event may carry. A process of its own, because a search that does not end cannot be interrupted.
_CLASSIFY = """
import sys
from metrics_api.traffic.classifier import Classifier

classifier = Classifier(["Kid*App*v*x"])
for line in sys.stdin:
    head, unit = line.rstrip("\\n").split("\\t")
    classifier.classify(None, None, (head + unit * 2_048)[:2_047] + "!", None)
"""
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
_HEADS = ("", "got", _BROWSER)
_UNITS = (
    *("v", "/", "/v", " v", "/v1", "/1.0 ", "a", "1", "1.", "a.", "-", "(", "()", ")", ": ", "; a", "@a", "é", "%"),
    *("bot ", "http", "Spider", "ContextualBot", "Current", "kidappv"),
    *("Instagram 1 (", "Snapchat/1 (", "[FBAN", "[Viber]/a", "MetaIAB ", "TikTok_", _BROWSER),
)
_SECONDS = 60


def test_the_longest_user_agents_are_classified_in_time() -> None:
    hostile = [f"{head}\t{unit}" for head in _HEADS for unit in _UNITS]
    command = [sys.executable, "-c", _CLASSIFY]
    subprocess.run(command, input="\n".join(hostile), text=True, encoding="utf-8", check=True, timeout=_SECONDS)
