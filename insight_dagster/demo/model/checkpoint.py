"""The path of the shipped demo model, which `training` made; see `weights/MODEL_CARD.md`."""

from pathlib import Path

DEMO_CHECKPOINT = Path(__file__).parents[1] / "weights" / "x3d_demo.pt"
