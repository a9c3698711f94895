"""Named SQL filters of the settings file: the tables `[populations.NAME]` and `[contrasts.NAME]`.

Their form belongs here; how a filter is run is in `analysis/sql_filters`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ContrastFilter(BaseModel):
    """Clips of one side; the other clips are the other side, clips with NULL on neither."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sql: str = Field(min_length=1, description="a condition over the columns of the clips")
    description: str = Field("", description="for people; default: the condition")


class PopulationFilter(ContrastFilter):
    """Clips that failing groups are looked for among."""

    within_class: bool = Field(
        True, description="hold losses against those of the same class (else of the population)"
    )
