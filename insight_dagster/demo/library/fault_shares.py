"""How often each fault is planted in a demo library.

Choosing the clips (`clip_plan`) does not belong here.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from insight_dagster.errors import LibraryError


@dataclass(frozen=True)
class FaultShares:
    """How often each fault is planted, as a share of all clips unless stated otherwise.

    Attributes:
        selfie_stick: snowboarding filmed with a selfie stick; share of the class's train clips.
        title_card: clips that begin with a title card.
        card_focus: share of the title cards that are in disc golfing.
        lookalike: clips without a visible class; share of each class of `LOOKALIKE_PAIR`.
        mislabeled: clips that show another class than their label.
        leak: pairs of copies in two splits.
        duplicate: pairs of copies in one split.
        corrupt: files that cannot be decoded.
        format: unusual frame rates and frame sizes, which are not a fault.
    """

    selfie_stick: float = 0.20
    title_card: float = 0.05
    card_focus: float = 0.65
    lookalike: float = 0.20
    mislabeled: float = 0.02
    leak: float = 0.02
    duplicate: float = 0.015
    corrupt: float = 0.015
    format: float = 0.10

    def __post_init__(self) -> None:
        wrong = {name: share for name, share in asdict(self).items() if not 0 <= share <= 1}
        if wrong:
            raise LibraryError(f"fault shares must be in 0..1, got {wrong}")

    @classmethod
    def none(cls) -> FaultShares:
        """Return shares of 0, for a library without faults."""
        return cls(*([0.0] * len(cls.__dataclass_fields__)))
