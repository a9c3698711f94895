"""The frames of a stream that a time window selects, computed from timestamps without decoding.

Spans, selections and the result type of both decoders belong here; reading files does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from insight_dagster.analysis.decoding.frame_sampling import subsample_indices
from insight_dagster.errors import DecodeError


@dataclass(frozen=True)
class Span:
    """A time window [start, stop) in seconds and the number of frames to sample from it."""

    start: float
    stop: float
    num_frames: int


@dataclass(frozen=True)
class WindowFrames:
    """Frames of a span.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, upright.
        seconds: (T,) float64, time since the stream's first frame.
        available: number of frames that the span holds.
        ended_early: whether the stream ends more than one frame before the span does.
    """

    frames: np.ndarray
    seconds: np.ndarray
    available: int
    ended_early: bool


@dataclass(frozen=True)
class FramePlan:
    """The timestamps of the frames in a span, and those of the sampled frames.

    Attributes:
        times: all timestamps in the span, ascending, in units of `time_base`.
        picked: `num_frames` of them, ascending, repeated if there are too few.
        start_pts: timestamp that counts as second 0.
        time_base: length of one timestamp unit in seconds.
    """

    times: tuple[int, ...]
    picked: tuple[int, ...]
    start_pts: int
    time_base: Fraction

    @property
    def seconds(self) -> np.ndarray:
        """The times of the picked frames since the stream's first one, (T,) float64."""
        return np.array([float((t - self.start_pts) * self.time_base) for t in self.picked])


def to_pts(seconds: float, time_base: Fraction, start_pts: int) -> int:
    """Convert seconds to a timestamp, rounded up.

    Source: `secs_to_pts` of pytorchvideo.data.utils. The division stays in floating point because
    its rounding decides whether a frame exactly on the edge is inside.
    """
    return math.ceil(seconds / time_base) + start_pts


def plan_frames(
    times: Sequence[int], span: Span, *, start_pts: int, time_base: Fraction
) -> FramePlan:
    """Pick `span.num_frames` of the frames whose timestamps lie in the span.

    Raises:
        DecodeError: there is no frame in the span.
    """
    first, end = (to_pts(s, time_base, start_pts) for s in (span.start, span.stop))
    inside = sorted({t for t in times if first <= t < end})
    if not inside:
        last = max(times, default=start_pts)
        raise DecodeError(
            f"no frame between {span.start:.2f} s and {span.stop:.2f} s; "
            f"the last one is at {float((last - start_pts) * time_base):.2f} s"
        )
    picked = [inside[i] for i in subsample_indices(len(inside), span.num_frames)]
    return FramePlan(tuple(inside), tuple(picked), start_pts, time_base)


def ends_early(plan: FramePlan, span: Span, *, at_end: bool, fps: float) -> bool:
    """Return whether the stream ends more than one frame before the span does.

    Args:
        plan: frames of the span.
        span: the window.
        at_end: whether the end of the stream was reached.
        fps: frame rate in 1/s, 0 if unknown.
    """
    if not at_end:
        return False
    end_of_last = float((plan.times[-1] - plan.start_pts) * plan.time_base) + 1 / (fps or 25.0)
    # Tolerates half a frame: time bases of 1 ms round the last timestamp.
    return end_of_last + 0.5 / (fps or 25.0) < span.stop
