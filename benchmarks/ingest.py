"""Clips per second from file to vectors, compared: `python -m benchmarks.ingest [--quick]`.

All contestants run on the same clips in every round; figures are medians over rounds. Contestants
are the loop of PyTorchVideo's tutorial (EncodedVideo, its transforms, the network of the model
zoo), the same with a DataLoader, the same with the case study's metadata functions, decoding alone,
the forward pass alone, and ours with every engine, with and without metadata. Weights are random,
which does not change the time. Results: `docs/explanation/ingest.md`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import av
import numpy as np
import torch

from benchmarks.ingest_contestants import Run, contestants, load, ours
from insight_dagster.analysis.clip_library.clip import Clip
from insight_dagster.analysis.decoding import DecodingProcesses, Limits, content_key, identify
from insight_dagster.files.atomic import write_atomically

FOLDER = Path(".benchmarks/ingest")
SIZES = {"340x256": (340, 256), "1280x720": (1280, 720)}


@dataclass(frozen=True)
class Figure:
    """The speed of one contestant on clips of one size.

    Attributes:
        contestant, size: the contestant and the size of the clips.
        clips_per_second: median over rounds.
        cpu_seconds: CPU time per clip, including child processes, median over rounds.
        times_tutorial: clips per second relative to the tutorial's loop; contestants with metadata
            are compared with the loop with metadata.
    """

    contestant: str
    size: str
    clips_per_second: float
    cpu_seconds: float
    times_tutorial: float


def write_clips(folder: Path, count: int) -> dict[str, list[Clip]]:
    """Write H.264 clips of ten seconds at 30 frames/s, with motion everywhere, by size."""
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, list[Clip]] = {}
    for size, (width, height) in SIZES.items():
        for number in range(count):
            path = folder / f"{size}_{number}.mp4"
            if not path.exists():
                write_atomically(path, partial(_encode, width=width, height=height, seed=number))
            name = f"{size} {number}"
            key = content_key(identify(path).sha256, 0.0, None)
            made.setdefault(size, []).append(Clip(name, "any", key, path))
    return made


def _encode(path: Path, *, width: int, height: int, seed: int) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "23"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in _pictures(width, height, seed):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _pictures(width: int, height: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (height // 16 + 40, width // 16 + 40, 3), dtype=np.uint8)
    world = coarse.repeat(16, 0).repeat(16, 1)
    world = np.clip(world + rng.normal(0, 6, world.shape), 0, 255).astype(np.uint8)
    for number in range(300):
        down, across = (int(200 * (1 + f(number / 40)) / 2) for f in (np.sin, np.cos))
        picture = world[down : down + height, across : across + width].copy()
        left = int((width - 80) * (number % 90) / 90)
        picture[height // 3 : height // 3 + 60, left : left + 80] = (200, 60, 40)
        yield picture


def measure(runs: dict[str, Run], clips: dict[str, list[Clip]], rounds: int) -> list[Figure]:
    """Run all contestants round by round and return their speeds; the first round is a warm-up."""
    wall: dict[tuple[str, str], list[float]] = {}
    cpu: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):
        for size, of_size in clips.items():
            for name, run in runs.items():
                chosen = of_size if number else of_size[:2]
                started, spent = time.perf_counter(), _cpu_seconds()
                run(chosen)
                if number:
                    took = time.perf_counter() - started
                    wall.setdefault((name, size), []).append(len(chosen) / took)
                    cpu.setdefault((name, size), []).append((_cpu_seconds() - spent) / len(chosen))
    speed = {key: statistics.median(each) for key, each in wall.items()}
    return [
        Figure(
            contestant=name,
            size=size,
            clips_per_second=round(speed[name, size], 2),
            cpu_seconds=round(statistics.median(cpu[name, size]), 3),
            times_tutorial=round(speed[name, size] / speed[_rival_of(name), size], 2),
        )
        for size in clips
        for name in runs
    ]


def _rival_of(name: str) -> str:
    return "tutorial with metadata" if "with metadata" in name else "tutorial"


def _cpu_seconds() -> float:
    """Return the CPU time of this process and of all its children, ended ones included."""
    return sum(_ticks(each) for each in _family(Path("/proc/self").resolve())) / 100


def _family(process: Path) -> Iterator[Path]:
    yield process
    for children in process.glob("task/*/children"):
        for number in children.read_text().split():
            yield from _family(Path("/proc", number))


def _ticks(process: Path) -> int:
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(field) for field in fields[11:15])


def floor_shares(figures: Sequence[Figure], cores: int) -> dict[str, float]:
    """Return our speed relative to the limit that decoding and the forward pass alone set."""
    by_name = {(each.contestant, each.size): each for each in figures}
    shares = {}
    for (name, size), each in by_name.items():
        if name.startswith("ours, "):
            engine = name.removeprefix("ours, ")
            parts = ("decode alone", f"forward alone, {engine}")
            floor = cores / sum(by_name[part, size].cpu_seconds for part in parts)
            shares[f"{engine}, {size}"] = round(each.clips_per_second / floor, 2)
    return shares


def peak_memory(folder: Path, name: str, clips: Sequence[Clip], workers: int) -> int:
    """Return the peak memory of a process that only runs ours, in MiB, including its decoders."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_run_and_tell, (folder, name, clips, workers))


def _run_and_tell(folder: Path, name: str, clips: Sequence[Clip], workers: int) -> int:
    engine, _, precision = name.partition(" ")
    model = load(folder, engine, precision or "float32")
    ours(model, DecodingProcesses(Limits()), workers, metadata=True)(clips)
    peaks = [_peak_kib(entry) for entry in _family(Path("/proc/self").resolve())]
    return sum(peaks) // 1024


def _peak_kib(process: Path) -> int:
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="under 5 minutes")
    parser.add_argument("--clips", type=int, help="of each size; default 12, quick 4")
    parser.add_argument("--rounds", type=int, help="default 5, quick 3")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--engines", nargs="+", default=["torch", "torch bfloat16", "openvino", "openvino bfloat16"]
    )
    arguments = parser.parse_args()
    count, rounds = (4, 3) if arguments.quick else (12, 5)
    count, rounds = arguments.clips or count, arguments.rounds or rounds
    torch.manual_seed(0)
    clips = write_clips(FOLDER / "clips", count)
    workers = torch.get_num_threads()
    figures = measure(contestants(FOLDER, arguments.engines, workers), clips, rounds)
    shares = floor_shares(figures, workers)
    for each in figures:
        print(
            f"{each.size:10} {each.contestant:34} {each.clips_per_second:7.2f} clips/s "
            f"{each.cpu_seconds:6.3f} s CPU {each.times_tutorial:6.2f} x tutorial"
        )
    for name, share in shares.items():
        print(f"{name}: {share:.2f} of the floor")
    peaks = {
        name: peak_memory(FOLDER, name, clips["1280x720"], workers) for name in arguments.engines
    }
    for name, peak in peaks.items():
        print(f"{name}: {peak} MiB at most with metadata, 1280x720, decoders included")
    if arguments.json:
        machine = {
            "machine": platform.machine(),
            "cores": workers,
            "clips": count,
            "rounds": rounds,
        }
        report = {
            **machine,
            "figures": [asdict(each) for each in figures],
            "floor_shares": shares,
            "peak_mib": peaks,
        }
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
