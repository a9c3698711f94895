"""Records: the table that a class declares, computed fields, rows and back."""

import numpy as np
import pytest

from insight_dagster.tables import INSIGHTS
from insight_dagster.tables.records import column, computed, from_row, record, table_of
from insight_dagster.tables.status import Verb


@record
class Planet:
    """A planet."""

    name: str = column("its name")
    moons: int = column("how many moons it has")
    ring: str | None = column("name of its ring")
    heat: float | None = computed("mean temperature", "K", value=lambda each: np.mean(each.days))
    verb: Verb = column("what to do with it")
    days: tuple[float, ...] = column("temperatures", "K")
    note: str = "not stored"


PLANETS = table_of(Planet, "planets", "Planets.", key=("name",))


def planet(**changed):
    return Planet(
        **{"name": "a", "moons": 2, "ring": "", "verb": Verb.KEEP, "days": (1.0, 3.0)} | changed
    )


def test_columns_follow_from_the_annotations_in_their_order():
    assert [(each.name, each.sql_type, each.unit, each.nullable) for each in PLANETS.columns] == [
        ("name", "VARCHAR", "", False),
        ("moons", "INTEGER", "", False),
        ("ring", "VARCHAR", "", True),
        ("heat", "DOUBLE", "K", True),
        ("verb", "VARCHAR", "", False),
        ("days", "DOUBLE[]", "K", False),
    ]


def test_computed_fields_are_stored_and_an_empty_text_that_may_be_missing_is_null():
    rows = PLANETS.from_records([planet(), planet(name="", ring="thin")]).to_pylist()
    assert rows[0] == {
        "name": "a", "moons": 2, "ring": None, "heat": 2.0, "verb": "keep", "days": [1.0, 3.0],
    }  # fmt: skip
    assert (rows[1]["name"], rows[1]["ring"]) == ("", "thin")
    with pytest.raises(TypeError, match="heat"):
        planet(heat=5.0)


def test_a_record_is_made_of_its_row():
    @record
    class Step:
        verb: Verb = column("what to do")
        clip_ids: tuple[str, ...] = column("with which clips")

    steps = table_of(Step, "steps", "Steps.", key=("verb",))
    step = Step(verb=Verb.DROP, clip_ids=("a", "b"))
    assert from_row(Step, steps.from_records([step]).to_pylist()[0]) == step


def test_a_type_without_a_column_type_is_refused():
    @record
    class Odd:
        value: complex = column("a number")

    with pytest.raises(TypeError, match="column value is annotated .*complex.*use one of str, int"):
        table_of(Odd, "odd", "Odd.", key=("value",))


def test_names_that_are_left_out_must_be_columns():
    assert "p_value" not in INSIGHTS.names_without("p_value")
    with pytest.raises(ValueError, match="insights has no columns .'p_values'."):
        INSIGHTS.names_without("p_values")
