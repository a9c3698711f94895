"""Columns that several tables share: identities of clips, classes, models and latent spaces."""

from __future__ import annotations

from insight_dagster.tables.columns import Column, text

CLIP_ID = text("clip_id", "identity of the clip: content hash, window, class, split")
CLASS = text("class_name", "action class, the true label of its clips (the partition)")
CONTENT = text("content_key", "hash of the file's bytes and the time window")
RANDOM_MARK = "-random-"
"""Part of the fingerprint of an untrained model."""
MODEL = Column(
    "model_fingerprint", "VARCHAR", "architecture + weights hash + preprocessing version"
)
SPACE = text("space_id", "identity of the latent space")
SEQUENCE = Column(
    "sequence",
    "BIGINT",
    "number of the write that made the row, counted by the database: the newest row has the "
    "largest, whatever the clock said",
)
INSIGHT_ID = text("insight_id", "identity of the insight")


def weights_hash(model_fingerprint: str) -> str:
    """Return the first 16 hex digits of the SHA-256 of a model's weights."""
    return model_fingerprint.split("-")[1]


def is_random(model_fingerprint: str) -> bool:
    """Return whether a model is untrained, so that its predictions mean nothing."""
    return RANDOM_MARK in model_fingerprint
