"""The frames of pages that list: with forms and buttons, or over a period."""
