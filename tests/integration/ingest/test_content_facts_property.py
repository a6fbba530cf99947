"""Facts of content kept incrementally equal facts rebuilt equal facts counted anew, whatever is done in which order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from metrics_api.batches.steps import StepContext, start_batch, step_batch
from metrics_api.db.database import Database
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.content import ContentItem, delete_content, encode_item, keep_latest, save_content, scan_content
from metrics_api.ingest.content_tables import CONTENT_TABLES
from metrics_api.ingest.resolutions import save_resolution
from tests.support.content_account import KINDS, Account, fetch_counts, fetch_violations
from tests.support.pseudonyms import PSEUDONYMS
from viral_contract.models.batches import BatchKind
from viral_contract.models.content import Consent, Media, ParentShareItem, ProgressReelItem, StudySessionItem
from viral_contract.models.violations import ViolationResolution

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NOW = MIDNIGHT + timedelta(days=3)
GIVEN = StepContext(
    phone_region="US", scan_seconds=1, now=NOW, backoff_base_seconds=0, rules=FactRules(), pseudonyms=PSEUDONYMS
)

# Few values of everything, so that items meet; two numbers look the same once they are masked.
numbers = st.sampled_from(["my SSN is 219-09-9999", "my SSN is 536-22-8726"])
texts = numbers | st.sampled_from(["Beat my best time!", "write to john@example.com"])
datas = st.fixed_dictionaries({"message": texts}, optional={"email": texts})
medias = st.builds(
    Media,
    kind=st.just("photo"),
    of_child=st.booleans(),
    consent=st.none() | st.just(Consent(recorded_at=MIDNIGHT, method="signed_form")),
)
common = {
    "id": st.sampled_from(["a", "b"]),
    "inserted_at": st.none() | st.sampled_from([-1, 0, 86_400]).map(lambda s: MIDNIGHT + timedelta(seconds=s)),
}
shown = {"view_count": st.integers(0, 1), "media": st.lists(medias, max_size=1)}
shares = st.builds(ParentShareItem, **common, **shown, share_data=datas, actor=st.sampled_from(["child", "parent"]))
reels = st.builds(ProgressReelItem, **common, **shown, reel_data=datas)
sessions = st.builds(StudySessionItem, **common, participant_ids=st.lists(st.sampled_from("xyz"), max_size=4))


class Checked:
    """Content in the database, beside an account of what was done to it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._account = Account()

    def save(self, items: list[ContentItem]) -> None:
        table = CONTENT_TABLES[KINDS[type(items[0])]]  # type: ignore[index]
        latest = keep_latest(encode_item(item) for item in items)
        found = scan_content(table, latest, phone_region="US", seconds=1)
        known = {key for key in self._account.items if key[0] == table.kind}
        with self._database.write() as connection:
            created = save_content(connection, table, latest, found, now=NOW)
        assert created == len({(table.kind, item.id) for item in latest} - known)
        self._account.save(items, now=NOW)

    def delete(self, kind: str, item_id: str) -> None:
        with self._database.write() as connection:
            found = delete_content(connection, CONTENT_TABLES[kind], item_id)  # type: ignore[index]
        assert found == ((kind, item_id) in self._account.items)
        self._account.delete(kind, item_id)

    def resolve(self, choice: int, resolution: str) -> None:
        waiting = sorted(place for place, said in self._account.violations().items() if said is None)
        if not waiting:
            return
        kind, item_id, *place = waiting[choice % len(waiting)]
        columns = "content_kind, content_id, type, path, masked"
        wanted = text(f"SELECT id FROM violations WHERE ({columns}, superseded) = (:a, :b, :c, :d, :e, 0)")
        request = ViolationResolution.model_validate({"resolution": resolution, "note": "because"})
        with self._database.write() as connection:
            values = dict(zip("abcde", (kind, item_id, *place), strict=True))
            violation = connection.execute(wanted, values).scalar_one()
            save_resolution(connection, violation, request, actor="a test", now=NOW)
        self._account.resolve((kind, item_id), (place[0], place[1], place[2]), resolution)

    def run(self, kind: BatchKind) -> None:
        with self._database.write() as connection:
            batch_id = start_batch(connection, kind)
        status = "queued"
        while status != "done":
            with self._database.write() as connection:
                batch = step_batch(connection, batch_id, GIVEN)
            assert batch
            status = batch.status

    def grow_old(self) -> None:
        """Let everything look as if an older scanner had scanned it."""
        with self._database.write() as connection:
            for table in ("parent_shares", "progress_reels"):
                connection.execute(text(f"UPDATE {table} SET scanner_version = 0"))

    def check(self) -> None:
        with self._database.read() as connection:
            assert fetch_violations(connection) == self._account.rows()
            assert fetch_counts(connection) == self._account.counts()


Action = Callable[[Checked], None]
kinds = st.sampled_from(["parent_share", "parent_share", "progress_reel", "study_session"])
saves: st.SearchStrategy[Action] = st.one_of(
    st.lists(kind, min_size=1, max_size=2) for kind in (shares, shares, reels, sessions)
).map(lambda items: lambda checked: checked.save(items))
resolutions: st.SearchStrategy[Action] = st.tuples(
    st.integers(0, 9), st.sampled_from(["removed", "false_positive"])
).map(lambda said: lambda checked: checked.resolve(*said))
deletions: st.SearchStrategy[Action] = st.tuples(kinds, common["id"]).map(
    lambda place: lambda checked: checked.delete(*place)
)
# What is said of an item matters when the item changes afterwards.
stories = st.tuples(saves, resolutions, resolutions, saves | deletions)


def forget_content(engine: Engine) -> None:
    """Empty the tables that these tests fill; quicker than all of them, a hundred times."""
    with engine.begin() as connection:
        for table in (*(table.name for table in CONTENT_TABLES.values()), "violations", "content_per_day", "batches"):
            connection.execute(text(f"DELETE FROM {table}"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(stories, min_size=3, max_size=8))
def test_facts_and_violations_kept_rescanned_and_rebuilt_equal_those_counted_anew(
    empty_database: Engine, database: Database, stories: list[tuple[Action, ...]]
) -> None:
    forget_content(empty_database)
    checked = Checked(database)
    for act in chain.from_iterable(stories):
        act(checked)
    checked.check()
    checked.grow_old()
    checked.run("rescan_content")
    checked.check()
    with database.write() as connection:
        connection.execute(text("UPDATE content_per_day SET items = items + 1, violating = 0"))
        connection.execute(text("UPDATE parent_shares SET violating = NOT violating"))
    checked.run("rebuild_facts")
    checked.check()
