"""The demo model: how its checkpoint is trained, and the card that describes it."""
