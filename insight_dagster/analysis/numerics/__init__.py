"""Statistics and linear algebra that know nothing of clips or insights."""
