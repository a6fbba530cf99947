"""The theme that Mantine's components take; what is ours is styled by the variables of assets/1-tokens.css."""

THEME = {
    "primaryColor": "accent",
    "primaryShade": {"light": 6, "dark": 4},
    "autoContrast": True,
    "fontFamily": '"Inter Variable", system-ui, sans-serif',
    "defaultRadius": 6,
    "respectReducedMotion": True,
    "colors": {
        "accent": [
            "#eef0ff",
            "#e0e3ff",
            "#c9cdfe",
            "#b7baff",
            "#a5a6fb",
            "#6d6af0",
            "#4f46e5",
            "#4338ca",
            "#3730a3",
            "#312e81",
        ]
    },
}
