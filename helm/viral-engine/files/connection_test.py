"""Asks each service whether it is ready, for as long as a new pod's network policies may take to let it through."""

import sys
import time
import urllib.error
import urllib.request

PAUSE_SECONDS = 1
ANSWER_SECONDS = 5


def say(sentence):
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def ask(url):
    """None when the service is ready, else what is in the way."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS):  # noqa: S310 - the chart gives http addresses.
            return None
    except urllib.error.HTTPError as error:
        return f"it answers {error.code}: {error.read(500).decode(errors='replace').strip()}"
    except OSError as error:
        return f"no answer: {getattr(error, 'reason', error)}"


def wait_for(name, url, until):
    """Whether the service became ready in time; says so."""
    while problem := ask(url):
        if time.monotonic() > until:
            say(f"FAILED: {name} is not ready at {url}: {problem}")
            return False
        time.sleep(PAUSE_SECONDS)
    say(f"{name} is ready at {url}")
    return True


def main(seconds, *services):
    until = time.monotonic() + float(seconds)
    ready = [wait_for(*service.split("=", 1), until) for service in services]
    if not all(ready):
        sys.exit("The release does not work yet: docs/deployment.md, When it does not start, says where to look.")
    say("Every service is ready.")


main(*sys.argv[1:])
