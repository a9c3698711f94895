"""Insights as tags, saved views and lines of the README."""

import json

from insight_dagster.export.fiftyone.insights import read_me, tagged_insights
from insight_dagster.tables import (
    INSIGHTS,
)

HOSTILE = '../../x\n"); import os #\u202e$where.日本' + "a" * 300


def test_hostile_names_make_harmless_tags_views_and_lines(store):
    row = store.rows(INSIGHTS).to_pylist()[0]
    names = (HOSTILE, "", "\x00\n", "日本", 'a");')
    rows = [
        row | {"class_name": name, "sentence": f"of {name}\nmore", "insight_id": f"0123456789{at}"}
        for at, name in enumerate(names)
    ]
    tagged = tagged_insights(rows)
    assert len({each.tag for each in tagged}) == len({each.view for each in tagged}) == len(rows)
    for each in tagged:
        assert not set(each.tag) & set("\n\"'/\\()$\u202e\x00")
        assert each.view.isascii()
        assert each.view.replace(" ", "").isalnum()
        assert len(each.tag) < 100
        json.dumps([each.summary, each.saved_view(None)])
    text = read_me(tagged, random_weights=True)
    assert text.startswith("RANDOM WEIGHTS")
    assert all(line.isprintable() for line in text.splitlines())
    assert not any(line.startswith("more") for line in text.splitlines())
