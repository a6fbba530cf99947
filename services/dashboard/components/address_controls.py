"""Controls whose values live in the address of their page, so that links, reloads and the back button keep them."""

from dash import ALL, ClientsideFunction, Dash, Input, Output, State


def control_id(page: str, name: str, part: str = "input") -> dict[str, str]:
    """The id of a control for the parameter `name`; several parts of a page may control the same one."""
    return {"page": page, "name": name, "part": part}


def show_address(app: Dash, page: str, defaults: str) -> None:
    """Let the page's controls show what the address says, as soon as it does.

    `defaults` is the id of the store with the value that each parameter has where the address leaves it out.
    """
    controls = _controls_of(page)
    app.clientside_callback(
        ClientsideFunction("dashboard", "showControls"),
        Output(controls, "value"),
        Input("url", "search"),
        Input(defaults, "data"),
        State(controls, "id"),
    )


def keep_in_address(app: Dash, page: str, defaults: str) -> None:
    """Keep the page's controls and its address the same."""
    show_address(app, page, defaults)
    app.clientside_callback(
        ClientsideFunction("dashboard", "chooseControls"),
        Input(_controls_of(page), "value"),
        State(defaults, "data"),
        prevent_initial_call=True,
    )


def _controls_of(page: str) -> dict[str, object]:
    return {"page": page, "name": ALL, "part": ALL}
