"""Buttons of which a page draws one for every row, all of them inputs of one callback."""

from collections.abc import Sequence
from typing import Any

from dash import ctx


def find_pressed(presses: Sequence[int | None]) -> dict[str, Any] | None:
    """The id of the button that was pressed, None where there was none; `presses` are the `n_clicks` of all of them.

    Redrawn buttons call back, too, without having been pressed.
    """
    pressed: dict[str, Any] | None = ctx.triggered_id
    return pressed if pressed and any(presses) else None
