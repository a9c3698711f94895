"""Parts that the assets share: classes one by one, checks, clips to decode, metadata for the UI."""
