"""Tables of the measured metadata: one number per clip, and one per frame or frame pair.

Full definitions, ranges and sources: `docs/explanation/metadata.md`.
"""

from __future__ import annotations

from insight_dagster.tables.columns import Column, Table, measure, text
from insight_dagster.tables.identity import CLASS, CLIP_ID, CONTENT

_PER_PAIR = "share of the diagonal per frame pair"
_VERSION = text("metadata_version", "version of the definitions and of the sampling")


METADATA_FIELDS = (
    measure("ssim_mean", "mean structural similarity of consecutive frames (7x7 window)"),
    measure("ssim_std", "standard deviation of that similarity over frame pairs"),
    measure("ssim_min", "smallest of these similarities"),
    measure("ssim_max", "largest of these similarities"),
    measure(
        "frame_difference_mean",
        "mean absolute grey-level difference of consecutive frames",
        "grey levels",
    ),
    measure(
        "frame_difference_std",
        "standard deviation of that difference over frame pairs",
        "grey levels",
    ),
    measure("foreground_ratio", "share of pixels that move against the camera's motion", "0-1"),
    measure(
        "foreground_ratio_uncompensated",
        "published definition: pixels that change by over 20 levels of a clip stretched to 0-255",
        "0-1",
    ),
    measure("sharpness", "variance of the Laplacian, mean over frames", "grey levels^2"),
    measure(
        "total_variation", "anisotropic total variation per pixel, mean over frames", "grey levels"
    ),
    measure("edge_density", "share of Canny edge pixels, mean over frames", "0-1"),
    measure("mean_red", "mean red", "0-255"),
    measure("mean_green", "mean green", "0-255"),
    measure("mean_blue", "mean blue", "0-255"),
    measure("brightness", "mean luma", "0-255"),
    measure("contrast", "standard deviation of luma in a frame, mean over frames", "grey levels"),
    measure("saturation", "mean HSV saturation", "0-1"),
    measure("flow_magnitude_mean", "mean optical-flow length", _PER_PAIR),
    measure(
        "flow_magnitude_std",
        "standard deviation of the optical-flow length over pixels and frame pairs",
        _PER_PAIR,
    ),
    measure(
        "flow_magnitude_max",
        "optical-flow length, 99th percentile over pixels, largest over frame pairs",
        _PER_PAIR,
    ),
    measure("camera_motion", "mean length of the estimated camera translation", _PER_PAIR),
    measure("motion_centre_x", "centre of motion, 0 left, 1 right; null: none", "0-1"),
    measure("motion_centre_y", "centre of motion, 0 top, 1 bottom; null: none", "0-1"),
    measure("motion_entropy", "entropy of the motion directions (8 bins), 1 = uniform", "0-1"),
    measure("periodicity", "largest autocorrelation of the motion, lag of 2 pairs or more", "0-1"),
    measure(
        "noise",
        "standard deviation of white noise (Immerkaer), frames as decoded",
        "grey levels",
    ),
    measure("blockiness", "excess of grey steps on the codec's 8-pixel grid, frames as decoded"),
    measure("letterbox", "black bars above and below, share of the height; null: all black", "0-1"),
    measure("pillarbox", "black bars left and right, share of the width; null: all black", "0-1"),
    measure("text_share", "share of the frame in text-like regions, mean over frames", "0-1"),
    measure("scene_cuts", "number of cuts between shots"),
    measure(
        "cut_strength",
        "part of a frame that the flow does not find in the next one, largest over frame pairs",
        "0-1",
    ),
    measure("cut_time", "time of the strongest cut after the first frame; null: no cut", "s"),
    measure("static_share", "share of frame pairs in which nothing moves", "0-1"),
    measure(
        "shake",
        "deviation of the camera's translation from a steady one; null: under 3 pairs in a shot",
        _PER_PAIR,
    ),
    measure(
        "zoom",
        "mean log scale of the camera per second, zooming in > 0; null: every pair is a cut",
        "1/s",
    ),
)


def _series(name: str, description: str, unit: str = "") -> Column:
    return Column(name, "FLOAT[]", description, unit)


METADATA_FRAME_SERIES = (
    _series("sharpness", "variance of the Laplacian of each frame", "grey levels^2"),
    _series("total_variation", "anisotropic total variation per pixel", "grey levels"),
    _series("edge_density", "share of Canny edge pixels", "0-1"),
    _series("mean_red", "mean red", "0-255"),
    _series("mean_green", "mean green", "0-255"),
    _series("mean_blue", "mean blue", "0-255"),
    _series("brightness", "mean luma", "0-255"),
    _series("contrast", "standard deviation of luma", "grey levels"),
    _series("saturation", "mean HSV saturation", "0-1"),
    _series("noise", "standard deviation of white noise (Immerkaer)", "grey levels"),
    _series("blockiness", "excess of grey steps on the codec's 8-pixel grid"),
    _series("text_share", "share of the frame in text-like regions", "0-1"),
)
METADATA_PAIR_SERIES = (
    _series("ssim", "structural similarity of each frame and the next (7x7 window)"),
    _series("frame_difference", "mean absolute grey-level difference", "grey levels"),
    _series("foreground_ratio", "share of pixels that move against the camera's motion", "0-1"),
    _series(
        "foreground_ratio_uncompensated",
        "published definition: pixels that change by over 20 levels of a clip stretched to 0-255",
        "0-1",
    ),
    _series("flow_magnitude", "mean optical-flow length", _PER_PAIR),
    _series("camera_motion", "length of the camera translation", _PER_PAIR),
    _series("motion_centre_x", "centre of motion, 0 left, 1 right; null: none", "0-1"),
    _series("motion_centre_y", "centre of motion, 0 top, 1 bottom; null: none", "0-1"),
    _series("motion_entropy", "entropy of the motion directions, 1 = uniform", "0-1"),
    _series("cut_strength", "part of a frame that the flow does not find in the next one", "0-1"),
    _series("moving_share", "share of pixels that change by over 8 grey levels", "0-1"),
    _series("shake", "distance of the translation from the mean of its neighbours", _PER_PAIR),
    _series("zoom", "log scale of the camera; null: a cut", "1/s"),
)

METADATA_TABLE = Table(
    "metadata_table",
    "Measured properties of the clips, from the same frames that the model sees.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        CONTENT,
        _VERSION,
        *METADATA_FIELDS,
        Column("extra", "MAP(VARCHAR, DOUBLE)", "values of the user's own metadata functions"),
        Column("signature", "UTINYINT[]", "grey thumbnails of the frames in time order"),
    ),
)

METADATA_FRAMES = Table(
    "metadata_frames",
    "The metadata over time: one number per frame (T) or frame pair (T - 1), in time order.",
    ("clip_id",),
    (
        CLIP_ID,
        CLASS,
        CONTENT,
        _VERSION,
        Column("timestamps", "DOUBLE[]", "time of the frames since the first of the video", "s"),
        *METADATA_FRAME_SERIES,
        *METADATA_PAIR_SERIES,
    ),
)
