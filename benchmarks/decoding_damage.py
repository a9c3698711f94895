"""Random damage to video files, and what passes: `python -m benchmarks.decoding_damage`.

One short clip with the number of each frame burnt in is encoded with every codec, in every usual
container. Each copy gets one random damage, and is probed and decoded as the pipeline does it, in
a decoding process with limits. A copy that is not refused has *passed*; its frames are then
compared with those that the undamaged file shows at the same times. Results are appended to a file,
and seeds that are already in it are left out, so that an interrupted run continues.
Results: `docs/explanation/ingest.md`.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from insight_dagster.analysis.decoding import DecodedWindow, DecodingProcesses, Limits
from insight_dagster.analysis.numerics.intervals import wilson
from insight_dagster.errors import DecodeError
from tests.support.video_corpus import bar_code, kept_priority, numbers

FOLDER = Path(".benchmarks/decoding_damage")
LIMITS = Limits(seconds=30, memory_mib=1024)
FRAMES, RATE, WIDTH, HEIGHT = 50, 25, 320, 240
SAMPLED = 16
BAND, BLOCK = 32, 16
VISIBLE = 8.0
"""A frame is wrong if a block of 16 x 16 pixels differs by more grey levels on average."""

_H264 = {"preset": "veryfast", "crf": "23"}
_HEVC = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"}
_VP8 = {"b": "600k", "auto-alt-ref": "1", "deadline": "realtime"}
_VP9 = {"b": "600k", "deadline": "realtime", "cpu-used": "8"}
_ASP = {"bf": "2", "b": "900k"}
ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", _H264),
    "hevc": ("libx265", _HEVC),
    "vp8": ("libvpx", _VP8),
    "vp9": ("libvpx-vp9", _VP9),
    "av1": ("libsvtav1", {"preset": "12", "crf": "40"}),
    "mpeg4": ("mpeg4", _ASP),
    "mpeg2": ("mpeg2video", {"bf": "2", "b": "1500k"}),
    "wmv2": ("wmv2", {"b": "900k"}),
    "mjpeg": ("mjpeg", {"q:v": "6"}),
}
PLAIN = "plain_"
"""Begins the names of files whose pictures have no texture: a frame is a few hundred bytes."""
FILES = (
    *("plain_h264.mp4", "plain_h264.avi", "plain_h264.ts"),
    *("h264.mp4", "h264.mkv", "h264.avi", "h264.ts", "h264.flv"),
    *("hevc.mp4", "hevc.mkv", "hevc.ts"),
    *("vp8.webm", "vp8.mkv", "vp9.webm", "vp9.mkv", "vp9.mp4"),
    *("av1.mp4", "av1.webm"),
    *("mpeg4.avi", "mpeg4.mp4", "mpeg2.ts", "wmv2.wmv", "mjpeg.avi", "mjpeg.mov"),
)


@dataclass(frozen=True)
class Outcome:
    """The result of decoding one damaged file.

    Attributes:
        file, seed, damage: the encoding, and what was done to it.
        outcome: `refused`, `crashed`, `hung`, or `passed`.
        reason: why it was refused.
        wrong_number: whether a frame of another number than expected was returned.
        worst_block: largest mean difference of a block of 16 x 16 pixels, in grey levels.
        changed: share of frames with any pixel changed.
        marked: whether the file's facts say that damage may be undetectable.
    """

    file: str
    seed: int
    damage: str
    outcome: str
    reason: str = ""
    wrong_number: bool = False
    worst_block: float = 0.0
    changed: float = 0.0
    marked: bool = False

    @property
    def wrong(self) -> bool:
        """Whether a wrong picture passed."""
        return self.wrong_number or self.worst_block > VISIBLE


def picture(number: int) -> np.ndarray:
    """Return a frame (H, W, 3) uint8: texture that pans, a moving square, and the bar code."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (24, 48, 3), dtype=np.uint8)
    wide = np.kron(coarse, np.ones((BLOCK, BLOCK, 1), np.uint8)).astype(float)
    for axis in (0, 1):  # blocks with soft edges
        wide = sum(np.roll(wide, shift, axis) for shift in range(-6, 7)) / 13
    wide += rng.normal(0, 6, wide.shape)
    left, top = 3 * number, number
    frame = wide[top : top + HEIGHT, left : left + WIDTH].clip(0, 255).astype(np.uint8)
    square = 4 * number + 20
    frame[120:160, square : square + 40] = (220, 40, 60)
    frame[:BAND] = bar_code(number, WIDTH, HEIGHT)[:BAND]
    return frame


def plain_picture(number: int) -> np.ndarray:
    """Return a frame (H, W, 3) uint8: a moving square on grey, and the bar code."""
    return bar_code(number, WIDTH, HEIGHT)


def write_clip(path: Path) -> Path:
    """Encode the clip; the codec is the file's stem, the container its suffix."""
    encoder, options = ENCODERS[path.stem.removeprefix(PLAIN)]
    draw = plain_picture if path.stem.startswith(PLAIN) else picture
    with kept_priority(), av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=RATE, options=options)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuvj420p" if encoder == "mjpeg" else "yuv420p"
        stream.thread_type = "NONE"
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(draw(number), format="rgb24")
            frame = frame.reformat(format=stream.pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def damage(data: bytes, seed: int) -> tuple[bytes, str]:
    """Return the file's bytes with one random damage, and its name."""
    rng = random.Random(seed)  # noqa: S311
    kind = rng.choice(("flip", "flip", "zero", "overwrite", "remove", "insert", "cut"))
    at, long = rng.randrange(len(data)), rng.choice((1, 4, 16, 64, 188, 512, 1500))
    made = bytearray(data)
    match kind:
        case "flip":
            for _ in range(rng.choice((1, 1, 5, 20))):
                made[rng.randrange(len(made))] ^= 1 << rng.randrange(8)
        case "zero":
            made[at : at + long] = bytes(min(long, len(made) - at))
        case "overwrite":
            made[at : at + long] = rng.randbytes(min(long, len(made) - at))
        case "remove":
            del made[at : at + long]
        case "insert":
            made[at:at] = rng.randbytes(long)
        case "cut":
            del made[at:]
    return bytes(made), kind


def decode(decoder: DecodingProcesses, path: Path, frames: int) -> DecodedWindow:
    """Return frames spread over the clip."""
    return decoder.decode_window(path, start=0, seconds=FRAMES / RATE, num_frames=frames)


def examine(
    decoder: DecodingProcesses, path: Path, clean: DecodedWindow, name: str, seed: int, kind: str
) -> Outcome:
    """Probe and decode a damaged file, and compare its frames with the undamaged ones."""
    try:
        facts = decoder.probe(path)
        window = decode(decoder, path, SAMPLED)
    except (DecodeError, OSError) as problem:
        reason = str(problem)
        outcome = next(
            (word for sign, word in (("crashed", "crashed"), ("longer than", "hung"))
             if sign in reason),
            "refused",
        )  # fmt: skip
        return Outcome(name, seed, kind, outcome, reason)
    marked = facts.undetectable_damage
    if window.frames.shape[1:] != clean.frames.shape[1:]:
        return Outcome(name, seed, kind, "passed", "other size", True, 255.0, 1.0, marked)
    expected = clean.frames[shown_at(window.timestamps, clean.timestamps)]
    apart = np.abs(window.frames.astype(np.int16) - expected).mean(axis=3)
    blocks = apart.reshape(len(apart), HEIGHT // BLOCK, BLOCK, WIDTH // BLOCK, BLOCK)
    return Outcome(
        name,
        seed,
        kind,
        "passed",
        wrong_number=numbers(window.frames) != numbers(expected),
        worst_block=round(float(blocks.mean(axis=(2, 4)).max()), 2),
        changed=float((apart.max(axis=(1, 2)) > 0).mean()),
        marked=marked,
    )


def shown_at(times: np.ndarray, clean_times: np.ndarray) -> np.ndarray:
    """Return the index of the frame that the undamaged file shows at each time.

    Args:
        times: (T,) seconds.
        clean_times: (N,) seconds of all its frames, ascending.
    """
    later = np.searchsorted(clean_times, times + 0.5 / RATE, side="right")
    return np.clip(later - 1, 0, len(clean_times) - 1)


def run(
    names: Sequence[str], count: int, first_seed: int, results: Path, clips: Path
) -> list[Outcome]:
    """Examine `count` damages of each file, seed by seed; outcomes on disk are used again."""
    known = {(each.file, each.seed): each for each in read_outcomes(results)}
    wanted = [(name, seed) for seed in range(first_seed, first_seed + count) for name in names]
    with results.open("a", encoding="utf-8") as file, tempfile.TemporaryDirectory() as folder:
        for each in _examine_all([w for w in wanted if w not in known], clips, Path(folder)):
            known[each.file, each.seed] = each
            file.write(json.dumps(asdict(each)) + "\n")
            file.flush()
    return [known[each] for each in wanted]


def read_outcomes(results: Path) -> list[Outcome]:
    """Return the outcomes in a file of results."""
    if not results.exists():
        return []
    return [Outcome(**json.loads(line)) for line in results.read_text("utf-8").splitlines()]


def _examine_all(wanted: Sequence[tuple[str, int]], clips: Path, folder: Path) -> Iterator[Outcome]:
    decoder = DecodingProcesses(LIMITS)
    clean: dict[str, DecodedWindow] = {}
    for name, seed in wanted:
        source = clips / name
        if name not in clean:
            if not source.exists():
                write_clip(source)
            clean[name] = decode(decoder, source, FRAMES)
        data, kind = damage(source.read_bytes(), seed)
        target = folder / name
        target.write_bytes(data)
        yield examine(decoder, target, clean[name], name, seed, kind)
    decoder.close()


def table(outcomes: Sequence[Outcome]) -> str:
    """Return a Markdown table of the outcomes by file."""
    lines = [
        "| file | damages | refused | crashed or hung | wrong picture passed | 95 % interval "
        "| any pixel changed | marked |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(each.file for each in outcomes):
        of_file = [each for each in outcomes if each.file == name]
        kinds = Counter(each.outcome for each in of_file)
        wrong = sum(each.wrong for each in of_file)
        share = wilson(wrong, len(of_file))
        changed = sum(each.changed > 0 for each in of_file)
        marked = "yes" if any(each.marked for each in of_file) else "no"
        lines.append(
            f"| {name} | {len(of_file)} | {kinds['refused']} | "
            f"{kinds['crashed'] + kinds['hung']} | {wrong} ({wrong / len(of_file):.1%}) | "
            f"{share.low:.1%}-{share.high:.1%} | {changed} | {marked} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="damages of each file")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first damage")
    parser.add_argument("--files", nargs="*", default=FILES, metavar="CODEC.SUFFIX")
    parser.add_argument("--results", type=Path, default=FOLDER / "outcomes.jsonl")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(
        table(
            run(
                arguments.files,
                arguments.count,
                arguments.first_seed,
                arguments.results,
                FOLDER,
            )
        )
    )


if __name__ == "__main__":
    main()
