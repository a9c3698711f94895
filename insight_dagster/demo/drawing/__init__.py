"""The primitives that scenes are drawn with: shapes, figures, textures, motion and the camera."""
