"""Where the shipped demo model is; how it was made: `training.py` and `weights/MODEL_CARD.md`."""

from pathlib import Path

DEMO_CHECKPOINT = Path(__file__).parents[1] / "weights" / "x3d_demo.pt"
