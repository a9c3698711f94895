"""Which pictures of a stream a time window asks for: arithmetic on time stamps, no decoding.

Spans, selections and the result that both decoders hand back belong here; reading files does not.
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
    """A time window [start, stop) in seconds and how many pictures of it are wanted."""

    start: float
    stop: float
    num_frames: int


@dataclass(frozen=True)
class WindowPictures:
    """Pictures of a span.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, upright.
        seconds: (T,) float64 since the stream's first picture.
        available: pictures that the span holds.
        ended_early: whether the stream ends more than one picture before the span does.
    """

    frames: np.ndarray
    seconds: np.ndarray
    available: int
    ended_early: bool


@dataclass(frozen=True)
class PicturePlan:
    """The time stamps of the pictures in a span and the ones picked from them.

    Attributes:
        times: all of the span, ascending, in units of `time_base`.
        picked: `num_frames` of them, ascending, repeated where there are too few.
    """

    times: tuple[int, ...]
    picked: tuple[int, ...]
    start_pts: int
    time_base: Fraction

    @property
    def seconds(self) -> np.ndarray:
        """(T,) float64 times of the picked pictures since the stream's first one."""
        return np.array([float((t - self.start_pts) * self.time_base) for t in self.picked])


def to_pts(seconds: float, time_base: Fraction, start_pts: int) -> int:
    """Time stamp of a second, rounded up.

    Source: `secs_to_pts` of pytorchvideo.data.utils; the division stays in floating point
    because its rounding decides whether a picture right on the edge is inside.
    """
    return math.ceil(seconds / time_base) + start_pts


def plan_pictures(
    times: Sequence[int], span: Span, *, start_pts: int, time_base: Fraction
) -> PicturePlan:
    """Pick `span.num_frames` of the pictures whose time stamps lie in the span.

    Raises:
        DecodeError: there is no picture in the span.
    """
    first, behind = (to_pts(s, time_base, start_pts) for s in (span.start, span.stop))
    inside = sorted({t for t in times if first <= t < behind})
    if not inside:
        last = max(times, default=start_pts)
        raise DecodeError(
            f"no picture between {span.start:.2f} s and {span.stop:.2f} s; "
            f"the last one is at {float((last - start_pts) * time_base):.2f} s"
        )
    picked = [inside[i] for i in subsample_indices(len(inside), span.num_frames)]
    return PicturePlan(tuple(inside), tuple(picked), start_pts, time_base)


def ends_early(plan: PicturePlan, span: Span, *, at_end: bool, fps: float) -> bool:
    """Whether the stream is over more than one picture before the span is."""
    if not at_end:
        return False
    behind_last = float((plan.times[-1] - plan.start_pts) * plan.time_base) + 1 / (fps or 25.0)
    # Half a picture of slack: time bases of 1 ms round the last time stamp.
    return behind_last + 0.5 / (fps or 25.0) < span.stop
