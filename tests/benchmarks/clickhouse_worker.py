"""An in-process ClickHouse that answers statements from standard input; `reads` starts it with a Python that has chdb.

One statement a line, as JSON; answers have its rows and how many milliseconds it took.
"""

import json
import sys
import time

from chdb.session import Session


def main() -> None:
    """Answer until standard input ends."""
    session = Session(sys.argv[1])
    for line in sys.stdin:
        statement = json.loads(line)
        began = time.perf_counter()
        answer = str(session.query(statement, "JSONCompact"))
        milliseconds = 1000 * (time.perf_counter() - began)
        rows = json.loads(answer)["data"] if answer.strip() else []
        print(json.dumps({"rows": rows, "ms": milliseconds}), flush=True)


if __name__ == "__main__":
    main()
