"""What docs/deployment.md says about restoring a backup works."""

import re
from pathlib import Path

from sqlalchemy import Connection, text

from metrics_api.db.paging import Page
from metrics_api.ledgers import LEDGERS
from metrics_api.work.dead_letters import fetch_dead_letters
from tests.support.delivery_rows import ANN, BOB, HOOK, change_delivery, read_delivery, save_delivery, save_ready_report

_GUIDE = Path(__file__).parents[3] / "docs" / "deployment.md"


def test_after_a_restore_a_person_decides_what_may_have_been_sent(connection: Connection) -> None:
    report_id = save_ready_report(connection)
    pending, sending, sent = (save_delivery(connection, who, report_id=report_id) for who in (ANN, BOB, HOOK))
    change_delivery(connection, sending, status="sending")
    change_delivery(connection, sent, status="sent")
    (statement,) = re.findall(r"```sql\n(.*?)```", _GUIDE.read_text(), flags=re.DOTALL)
    connection.execute(text(statement))
    held = {
        int(letter.id.removeprefix("delivery-")) for letter in fetch_dead_letters(connection, LEDGERS, Page(limit=9))
    }
    assert held == {pending, sending}
    assert read_delivery(connection, sent).status == "sent"
