"""What the renderer may send: anything that no page sends is refused."""
