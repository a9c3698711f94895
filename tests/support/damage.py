"""Damage to files: flipped bits, lost ends, blocks that change places, pages of zeros."""

from collections.abc import Iterator

import numpy as np

PAGE, BLOCK, HEADERS = 4096, 262_144, 3 * 4096


def flipped_bit(data: bytearray, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(data)))
    data[at] ^= 1 << int(rng.integers(8))
    return f"bit of byte {at}"


def flipped_bits(data: bytearray, rng: np.random.Generator) -> str:
    at = rng.integers(len(data), size=20)
    for each in at:
        data[each] ^= 1 << int(rng.integers(8))
    return f"bits of bytes {sorted(at)}"


def lost_end(data: bytearray, rng: np.random.Generator) -> str:
    left = int(rng.integers(1, len(data)))
    del data[left:]
    return f"cut to {left}"


def swapped_blocks(data: bytearray, rng: np.random.Generator) -> str:
    return _swap(data, rng, start=HEADERS, size=BLOCK)


def swapped_pages(data: bytearray, rng: np.random.Generator) -> str:
    return _swap(data, rng, start=0, size=PAGE)


def swapped_pages_of_a_block(data: bytearray, rng: np.random.Generator) -> str:
    """DuckDB's checksum of the block stays the same."""
    blocks = max((len(data) - HEADERS) // BLOCK, 1)
    start = HEADERS + BLOCK * int(rng.integers(blocks))
    part = bytearray(data[start : start + BLOCK])
    what = _swap(part, rng, start=0, size=PAGE)
    data[start : start + len(part)] = part
    return f"{what} after {start}"


def zeroed_page(data: bytearray, rng: np.random.Generator) -> str:
    at = PAGE * int(rng.integers(-(-len(data) // PAGE)))
    data[at : at + PAGE] = bytes(len(data[at : at + PAGE]))
    return f"zeros from {at}"


def copied_page(data: bytearray, rng: np.random.Generator) -> str:
    source, target = (PAGE * int(n) for n in rng.integers(max(len(data) // PAGE, 1), size=2))
    data[target : target + PAGE] = data[source : source + PAGE]
    return f"page {source} over {target}"


KINDS = (
    flipped_bit,
    flipped_bits,
    lost_end,
    swapped_blocks,
    swapped_pages,
    swapped_pages_of_a_block,
    zeroed_page,
    copied_page,
)


def damages(data: bytes, count: int, *, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` damaged versions of some bytes, each with what was done to them."""
    rng, found, number = np.random.default_rng(seed), 0, 0
    while found < count:
        kind, number = KINDS[number % len(KINDS)], number + 1
        damaged = bytearray(data)
        what = kind(damaged, rng)
        if damaged != data:
            found += 1
            yield f"{kind.__name__}: {what}", bytes(damaged)


def _swap(data: bytearray, rng: np.random.Generator, *, start: int, size: int) -> str:
    count = (len(data) - start) // size
    if count < 2:
        return "nothing"
    one, other = (start + size * int(n) for n in rng.choice(count, 2, replace=False))
    data[one : one + size], data[other : other + size] = (
        data[other : other + size],
        data[one : one + size],
    )
    return f"{one} and {other}"
