"""The plan of a demo library: its clips, and the faults that are planted in them.

Everything is decided here, from one seed; rendering and writing the clips (`rendering`,
`library_files`) do not belong here.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from insight_dagster.demo.classes import LOOKALIKE_PAIR, SPLITS
from insight_dagster.demo.library.fault_shares import FaultShares

SELFIE_CLASS = "snowboarding"
CARD_CLASS = "disc golfing"
DAMAGES = ("truncated", "empty", "audio_only", "not_video")
LANDSCAPE = (340, 256)
_COPY_SIZES = ((320, 240), (284, 214), (426, 320))
_FORMATS: dict[str, tuple[int, tuple[int, int]]] = {
    "fps15": (15, LANDSCAPE),
    "fps25": (25, LANDSCAPE),
    "fps60": (60, LANDSCAPE),
    "portrait": (30, (256, 340)),
    "720p": (30, (1280, 720)),
}
_ID_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class ClipPlan:
    """One clip to write.

    Attributes:
        index: number of the clip in the plan.
        content: number of the random stream that is rendered; copies share it.
        label: class whose folder the clip is in.
        shows: scene that is rendered.
        split: train, val or test.
        name: file name without suffix.
        seconds: duration.
        fps: frame rate in 1/s.
        size: width and height of the video in pixels.
        render_size: width and height before scaling; differs from `size` only for copies.
        crf: constant rate factor of the encoder.
        card_seconds: duration of the title card at the start; 0 for none.
        degradation: how underexposed and out of focus the clip is, 0-1.
        damage: one of `DAMAGES`; '' for an intact file.
        truths: fault and group of each planted fault, as written to truth.csv.
    """

    index: int
    content: int
    label: str
    shows: str
    split: str
    name: str
    seconds: float
    fps: int = 30
    size: tuple[int, int] = LANDSCAPE
    render_size: tuple[int, int] = LANDSCAPE
    crf: int = 24
    card_seconds: float = 0.0
    degradation: float = 0.0
    damage: str = ""
    truths: tuple[tuple[str, str], ...] = field(default=())

    @property
    def path(self) -> str:
        """The file, relative to the library."""
        return f"{self.split}/{self.label}/{self.name}.mp4"

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults planted in this clip."""
        return tuple(fault for fault, _ in self.truths)


def make_plan(
    *, seed: int, clips_per_class: int, classes: Sequence[str], faults: FaultShares
) -> tuple[ClipPlan, ...]:
    """Plan all clips of a library in a fixed order; the same arguments give the same plan.

    Args:
        seed: seed of the plan.
        clips_per_class: number of clips per class.
        classes: classes of the library.
        faults: how often each fault is planted.
    """
    rng = np.random.default_rng([seed, 0])
    planner = _Planner(rng, plain_clips(rng, clips_per_class, classes))
    total = len(planner.clips)
    _plant_selfies(planner, faults.selfie_stick)
    _plant_lookalikes(planner, faults.lookalike)
    _plant_cards(planner, planned_count(total, faults.title_card), faults.card_focus)
    _plant_mislabels(planner, planned_count(total, faults.mislabeled))
    _plant_copies(planner, planned_count(total, faults.leak), "leak")
    _plant_copies(planner, planned_count(total, faults.duplicate), "duplicate")
    _plant_damages(planner, planned_count(total, faults.corrupt))
    _plant_formats(planner, planned_count(total, faults.format))
    return tuple(planner.clips)


class _Planner:
    """The clips planned so far, and a random choice among those without a fault."""

    def __init__(self, rng: np.random.Generator, clips: list[ClipPlan]) -> None:
        self.rng = rng
        self.clips = clips

    @property
    def classes(self) -> list[str]:
        return sorted({clip.label for clip in self.clips})

    def pick(self, count: int, allowed: Callable[[ClipPlan], bool]) -> list[ClipPlan]:
        """Choose up to `count` clips without a fault at random."""
        free = [clip for clip in self.clips if not clip.truths and allowed(clip)]
        order = self.rng.permutation(len(free))[: max(count, 0)]
        return [free[position] for position in sorted(order)]

    def mark(self, clip: ClipPlan, fault: str, group: str, **changes: object) -> None:
        """Plant a fault in a clip."""
        truths = (*clip.truths, (fault, group))
        self.clips[clip.index] = replace(clip, truths=truths, **changes)  # type: ignore[arg-type]


def planned_count(total: int, share: float) -> int:
    """Return the number of clips for a share: at least 1 for a positive share of a tiny library."""
    return max(round(total * share), 1) if share > 0 else 0


def plain_clips(
    rng: np.random.Generator, clips_per_class: int, classes: Sequence[str]
) -> list[ClipPlan]:
    """Plan clips without faults, numbered from 0: each class split 70/15/15, with random names."""
    splits = _splits(clips_per_class)
    wanted = [(label, split) for label in classes for split in splits]
    return [
        ClipPlan(
            index=index,
            content=index,
            label=label,
            shows=label,
            split=split,
            name=_name(rng),
            seconds=round(float(rng.uniform(3.0, 3.7)), 2),
            crf=int(rng.integers(21, 29)),
        )
        for index, (label, split) in enumerate(wanted)
    ]


def _splits(clips: int) -> list[str]:
    """Return a split per clip: 70 % train, 15 % val, the rest test; each has one of 3 or more."""
    val = max(round(0.15 * clips), 1 if clips >= 3 else 0)
    train = clips - 2 * val
    return [SPLITS[0]] * train + [SPLITS[1]] * val + [SPLITS[2]] * (clips - train - val)


def _name(rng: np.random.Generator) -> str:
    """Return a random name like that of a Kinetics download: id, start and end second."""
    letters = "".join(_ID_LETTERS[i] for i in rng.integers(0, len(_ID_LETTERS), 11))
    start = int(rng.integers(0, 300))
    return f"{letters}_{start:06d}_{start + 10:06d}"


def _plant_selfies(planner: _Planner, share: float) -> None:
    train = [c for c in planner.clips if c.label == SELFIE_CLASS and c.split == "train"]
    count = planned_count(len(train), share) if train else 0
    chosen = planner.pick(count, lambda c: c.label == SELFIE_CLASS and c.split == "train")
    for clip in chosen:
        planner.mark(clip, "selfie_stick", "selfie_stick", shows="selfie stick")


def _plant_lookalikes(planner: _Planner, share: float) -> None:
    for label in LOOKALIKE_PAIR:
        members = [c for c in planner.clips if c.label == label]
        count = planned_count(len(members), share) if members else 0
        for clip in planner.pick(count, _labelled(label)):
            planner.mark(clip, "lookalike", "|".join(LOOKALIKE_PAIR), shows="lookalike")


def _plant_cards(planner: _Planner, count: int, focus: float) -> None:
    chosen = planner.pick(round(count * focus), lambda c: c.label == CARD_CLASS)
    chosen += planner.pick(count - len(chosen), lambda c: c.label != CARD_CLASS)
    for clip in chosen:
        seconds = round(float(planner.rng.uniform(2.2, clip.seconds)), 2)
        planner.mark(clip, "title_card", "title_card", card_seconds=seconds)


def _plant_mislabels(planner: _Planner, count: int) -> None:
    classes = planner.classes
    if len(classes) < 3:
        return
    start = int(planner.rng.integers(len(classes)))
    for number in range(count):
        label = classes[(start + number) % len(classes)]
        others = [c for c in classes if c != label and not {c, label} <= set(LOOKALIKE_PAIR)]
        shown = others[int(planner.rng.integers(len(others)))]
        for clip in planner.pick(1, _labelled(label)):
            planner.mark(clip, "mislabeled", shown, shows=shown)


def _plant_copies(planner: _Planner, count: int, fault: str) -> None:
    """Replace faultless clips by re-encoded copies of other faultless clips of their class."""
    across_splits = fault == "leak"
    for number in range(count):
        pair = _free_pair(planner, across_splits=across_splits)
        if pair is None:
            return
        original, copy = pair
        group = f"{fault}-{number:03d}"
        size = _COPY_SIZES[int(planner.rng.integers(len(_COPY_SIZES)))]
        planner.mark(original, fault, group)
        planner.mark(
            copy,
            fault,
            group,
            content=original.content,
            seconds=original.seconds,
            size=size,
            crf=original.crf + int(planner.rng.integers(2, 6)),
        )


def _free_pair(planner: _Planner, *, across_splits: bool) -> tuple[ClipPlan, ClipPlan] | None:
    for position in planner.rng.permutation(len(planner.clips)):
        copy = planner.clips[position]
        if copy.truths:
            continue
        partners = planner.pick(1, _partner_of(copy, across_splits=across_splits))
        if partners:
            return partners[0], copy
    return None


def _labelled(label: str) -> Callable[[ClipPlan], bool]:
    return lambda clip: clip.label == label


def _partner_of(copy: ClipPlan, *, across_splits: bool) -> Callable[[ClipPlan], bool]:
    """Return a function that tells whether a clip may be the original of `copy`."""
    return lambda clip: (
        clip.label == copy.label
        and clip.index != copy.index
        and (clip.split != copy.split) == across_splits
    )


def _plant_damages(planner: _Planner, count: int) -> None:
    for number, clip in enumerate(planner.pick(count, lambda c: True)):
        damage = DAMAGES[number % len(DAMAGES)]
        planner.mark(clip, "corrupt", damage, damage=damage)


def _plant_formats(planner: _Planner, count: int) -> None:
    for number, clip in enumerate(planner.pick(count, lambda c: True)):
        name = list(_FORMATS)[number % len(_FORMATS)]
        fps, size = _FORMATS[name]
        planner.mark(clip, "format", name, fps=fps, size=size, render_size=size)
