"""Find out where, why and how a video classifier fails: the engine under the Dagster assets."""

__version__ = "0.2.0"
