"""The views of the report that tests open, by their address."""

VIEWS = (
    "overview",
    "space",
    "insights",
    "insight/insight-1",
    "clips",
    "clip/000000000000000b",
    "compare",
    "words",
)
