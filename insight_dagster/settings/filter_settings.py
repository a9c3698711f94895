"""Named SQL filters of the settings file: the tables `[populations.NAME]` and `[contrasts.NAME]`.

Their fields belong here; evaluating a filter does not (`analysis.sql_filters`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ContrastFilter(BaseModel):
    """A condition that splits the clips in two; clips for which it is NULL are on neither side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sql: str = Field(min_length=1, description="condition on the columns of the clips")
    description: str = Field("", description="text for readers; default: the condition")


class PopulationFilter(ContrastFilter):
    """A condition that selects the clips to search for failing groups."""

    within_class: bool = Field(
        True, description="compare losses with those of the same class, else with the population's"
    )
