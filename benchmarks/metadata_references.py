"""The metadata fields computed one by one with scikit-image, scipy and OpenCV, as a script would.

Every function takes the frames of a clip, uint8 (T, H, W, 3), computes its fields from scratch, and
returns them by their names in `docs/explanation/metadata.md`. Functions share nothing except the
choice of optical flow. `metadata_speed` compares their time with that of one pass.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from scipy import ndimage
from skimage import color, filters, measure, metrics, morphology

Fields = dict[str, float]
Flow = Callable[[np.ndarray], np.ndarray]


def farneback(grey: np.ndarray) -> np.ndarray:
    """Return OpenCV's dense flow with the parameters of its tutorial: (P, h, w, 2)."""
    calls = (0.5, 3, 15, 3, 5, 1.2, 0)
    return np.stack([cv2.calcOpticalFlowFarneback(a, b, None, *calls) for a, b in pairwise(grey)])


def dense_inverse_search(grey: np.ndarray) -> np.ndarray:
    """Return the flow that the one pass uses: (P, h, w, 2)."""
    search = cv2.DISOpticalFlow.create(cv2.DISOpticalFlow_PRESET_FAST)
    search.setVariationalRefinementIterations(0)
    return np.stack([search.calc(a, b, None) for a, b in pairwise(grey)])


def grey_of(frames: np.ndarray) -> np.ndarray:
    """Return the luma of every frame: (T, H, W)."""
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])


def similarity(frames: np.ndarray) -> Fields:
    """Compute scikit-image's SSIM of every frame pair."""
    pairs = pairwise(grey_of(frames))
    ssim = [metrics.structural_similarity(a, b, data_range=255) for a, b in pairs]
    names = ("ssim_mean", "ssim_std", "ssim_min", "ssim_max")
    return dict(zip(names, (np.mean(ssim), np.std(ssim), min(ssim), max(ssim)), strict=True))


def difference(frames: np.ndarray) -> Fields:
    """Compute the grey-level differences of frame pairs."""
    levels = np.abs(np.diff(grey_of(frames).astype(float), axis=0)).mean(axis=(1, 2))
    return {"frame_difference_mean": levels.mean(), "frame_difference_std": levels.std()}


def changed(frames: np.ndarray) -> Fields:
    """Compute the published foreground ratio."""
    grey = grey_of(frames).astype(float)
    stretched = ((grey - grey.min()) / (grey.max() - grey.min()) * 255).astype(np.uint8)
    pairs = [(cv2.absdiff(a, b) > 20).mean() for a, b in pairwise(stretched)]
    return {"foreground_ratio_uncompensated": float(np.mean(pairs))}


def sharpness(frames: np.ndarray) -> Fields:
    """Compute the variance of scikit-image's Laplacian."""
    each = [filters.laplace(frame.astype(float)).var() for frame in grey_of(frames)]
    return {"sharpness": float(np.mean(each))}


def total_variation(frames: np.ndarray) -> Fields:
    """Compute the absolute differences of neighbouring pixels."""
    grey = grey_of(frames).astype(float)
    sums = [np.abs(np.diff(f, axis=0)).sum() + np.abs(np.diff(f, axis=1)).sum() for f in grey]
    return {"total_variation": float(np.mean(sums)) / grey[0].size}


def edges(frames: np.ndarray) -> Fields:
    """Compute the share of OpenCV's Canny edge pixels."""
    return {
        "edge_density": float(
            np.mean([(cv2.Canny(f, 100, 200) > 0).mean() for f in grey_of(frames)])
        )
    }


def colour(frames: np.ndarray) -> Fields:
    """Compute the means of the colour channels."""
    names = ("mean_red", "mean_green", "mean_blue")
    return {name: frames[..., channel].mean() for channel, name in enumerate(names)}


def light(frames: np.ndarray) -> Fields:
    """Compute the mean and the standard deviation of luma."""
    grey = grey_of(frames).astype(float)
    return {"brightness": grey.mean(), "contrast": grey.std(axis=(1, 2)).mean()}


def saturation(frames: np.ndarray) -> Fields:
    """Compute the mean saturation of scikit-image's HSV."""
    return {"saturation": float(np.mean([color.rgb2hsv(f)[..., 1].mean() for f in frames]))}


def noise(frames: np.ndarray) -> Fields:
    """Compute Immerkaer's noise estimate with scipy's convolution."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)
    each = [
        np.abs(ndimage.convolve(frame.astype(float), mask)[1:-1, 1:-1]).mean()
        for frame in grey_of(frames)
    ]
    return {"noise": np.sqrt(np.pi / 2) / 6 * float(np.mean(each))}


def blockiness(frames: np.ndarray) -> Fields:
    """Compute how much larger grey steps are on the 8-pixel grid than off it."""
    grey = grey_of(frames).astype(float)
    found = []
    for axis in (2, 1):
        steps = np.minimum(np.abs(np.diff(grey, axis=axis)), 16).mean(axis=3 - axis)
        lines = steps[:, : steps.shape[1] // 8 * 8].reshape(len(grey), -1, 8)
        typical = np.median(lines, axis=1)
        on = typical.sum(axis=0).argmax()
        off = np.delete(typical, on, axis=1).mean(axis=1)
        found.append(np.maximum(typical[:, on] - off, 0) / (off + 0.5))
    return {"blockiness": float(np.mean(found))}


def bars(frames: np.ndarray) -> Fields:
    """Compute the dark rows and columns at the edges of the clip's brightest picture."""
    bright = grey_of(frames).max(axis=0) > 24
    shares = []
    for axis in (1, 0):
        lines = np.flatnonzero(bright.mean(axis=axis) > 0.01)
        shares.append(1 - (lines[-1] + 1 - lines[0]) / bright.shape[1 - axis])
    return {"letterbox": shares[0], "pillarbox": shares[1]}


def text(frames: np.ndarray) -> Fields:
    """Compute the share of text lines: strokes joined by morphology, boxes of their regions."""
    shares = []
    for frame in grey_of(frames):
        span = cv2.morphologyEx(frame, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        height, width = ((length + 1) // 2 for length in frame.shape)
        mask = (span > 80).astype(np.uint8) * 255
        strokes = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA) > 0
        lines = morphology.closing(strokes, np.ones((1, 9), bool))
        regions = measure.regionprops(measure.label(lines, connectivity=1))
        boxes = [
            each.area_bbox
            for each in regions
            if 4 <= each.bbox[2] - each.bbox[0] <= 0.25 * height
            and each.bbox[3] - each.bbox[1] >= 2 * (each.bbox[2] - each.bbox[0])
            and each.extent >= 0.5
        ]
        shares.append(sum(boxes) / lines.size)
    return {"text_share": float(np.mean(shares))}


def static(frames: np.ndarray) -> Fields:
    """Compute the share of frame pairs in which no smoothed pixel changes."""
    half = [cv2.pyrDown(frame) for frame in grey_of(frames)]
    moving = [(cv2.blur(cv2.absdiff(a, b), (3, 3)) > 8).mean() for a, b in pairwise(half)]
    return {"static_share": float(np.mean(np.array(moving) < 0.001))}


def motion(frames: np.ndarray, flow: Flow) -> Fields:
    """Compute lengths, centre, directions and rhythm of the flow."""
    vectors = flow(grey_of(frames))
    unit = np.hypot(*frames.shape[1:3])
    lengths = np.linalg.norm(vectors, axis=-1) / unit
    weights = lengths.mean(axis=0)
    rows, columns = np.indices(weights.shape)
    angles = np.arctan2(vectors[..., 1], vectors[..., 0])
    share, _ = np.histogram((angles + np.pi / 8) % (2 * np.pi), 8, (0, 2 * np.pi), weights=lengths)
    share = share[share > 0] / share.sum()
    level = lengths.mean(axis=(1, 2))
    time = np.arange(len(level))
    rest = level - np.polyval(np.polyfit(time, level, 1), time)
    lagged = np.correlate(rest, rest, "full")[len(rest) - 1 :]
    return {
        "flow_magnitude_mean": lengths.mean(),
        "flow_magnitude_std": lengths.std(),
        "flow_magnitude_max": np.percentile(lengths.reshape(len(lengths), -1), 99, axis=1).max(),
        "motion_centre_x": ((columns + 0.5) * weights).sum() / weights.sum() / weights.shape[1],
        "motion_centre_y": ((rows + 0.5) * weights).sum() / weights.sum() / weights.shape[0],
        "motion_entropy": -(share * np.log(share)).sum() / np.log(8),
        "periodicity": max(lagged[2 : len(rest) // 2 + 1].max() / lagged[0], 0),
    }


def fits_of(grey: np.ndarray, vectors: np.ndarray) -> list[np.ndarray]:
    """Return the camera's similarity transform of every pair, by OpenCV's RANSAC on corners."""
    fits = []
    for frame, flow in zip(grey[:-1], vectors, strict=True):
        corners = cv2.goodFeaturesToTrack(frame, 1000, 0.01, 4)[:, 0].astype(int)
        moved = corners + flow[corners[:, 1], corners[:, 0]]
        before, after = corners.astype(np.float32), moved.astype(np.float32)
        fits.append(
            cv2.estimateAffinePartial2D(before, after, cv2.RANSAC, ransacReprojThreshold=1)[0]
        )
    return fits


def camera(frames: np.ndarray, flow: Flow) -> Fields:
    """Compute translation, shake and zoom of the camera, at six frames per second."""
    grey = grey_of(frames)
    fits = fits_of(grey, flow(grey))
    middle = np.array([frames.shape[2] / 2, frames.shape[1] / 2, 1])
    path = np.stack([fit @ middle - middle[:2] for fit in fits]) / np.hypot(*frames.shape[1:3])
    jerks = np.linalg.norm(path[1:-1] - (path[:-2] + path[2:]) / 2, axis=1) / np.sqrt(1.5)
    return {
        "camera_motion": np.linalg.norm(path, axis=1).mean(),
        "shake": np.sqrt(np.square(jerks).mean()),
        "zoom": float(np.mean([np.log(np.hypot(*fit[:, 0])) for fit in fits])) * 6,
    }


def foreground(frames: np.ndarray, flow: Flow) -> Fields:
    """Compute the share of pixels that move against the camera and change visibly."""
    grey = grey_of(frames)
    vectors = flow(grey)
    rows, columns = np.indices(grey.shape[1:])
    shares = []
    for pair, fit in enumerate(fits_of(grey, vectors)):
        camera_flow = np.stack([columns, rows], -1) @ (fit[:, :2] - np.eye(2)).T + fit[:, 2]
        against = np.linalg.norm(vectors[pair] - camera_flow, axis=-1)
        moved = cv2.warpAffine(
            grey[pair], fit, grey[pair].shape[::-1], borderMode=cv2.BORDER_REPLICATE
        )
        differs = cv2.blur(cv2.absdiff(moved, grey[pair + 1]), (5, 5)) > 8
        near = cv2.dilate(differs.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
        shares.append(((against > 0.004 * np.hypot(*grey.shape[1:])) & near).mean())
    return {"foreground_ratio": float(np.mean(shares))}


def cuts(frames: np.ndarray, flow: Flow) -> Fields:
    """Compute the part of a frame that the flow does not find in the next one, and the cuts."""
    grey = grey_of(frames)
    rows, columns = np.indices(grey.shape[1:]).astype(np.float32)
    strength = []
    for pair, vectors in enumerate(flow(grey)):
        across, down = columns + vectors[..., 0], rows + vectors[..., 1]
        back = cv2.remap(grey[pair + 1], across, down, cv2.INTER_LINEAR)
        below = [
            np.cumsum(np.histogram(grey[i], 256, (0, 256))[0]) / grey[i].size
            for i in (pair, pair + 1)
        ]
        chance = (below[0] * (1 - below[1]) + below[1] * (1 - below[0])).sum()
        strength.append(cv2.absdiff(back, grey[pair]).mean() / max(chance, 16))
    return {
        "cut_strength": min(max(strength), 1.0),
        "scene_cuts": float(np.sum(np.array(strength) > 0.5)),
    }


PLAIN: tuple[Callable[[np.ndarray], Fields], ...] = (
    similarity,
    difference,
    changed,
    sharpness,
    total_variation,
    edges,
    colour,
    light,
    saturation,
    noise,
    blockiness,
    bars,
    text,
    static,
)
BY_FLOW: tuple[Callable[[np.ndarray, Flow], Fields], ...] = (motion, camera, foreground, cuts)
