"""Entries of the school calendar."""

from tests.support.api_fixtures import Api


def save_calendar_entry(
    api: Api, entry_id: str = "winter", start: str = "2026-12-21", end: str = "2027-01-04", kind: str = "holiday"
) -> str:
    """The id of a holiday or a term that has just been entered."""
    body = {"name": f"{entry_id.capitalize()} {kind}", "start": start, "end": end, "kind": kind}
    response = api.send("PUT", f"/v1/calendar/{entry_id}", json=body)
    assert response.status_code in (200, 201), response.get_data(as_text=True)
    return entry_id
