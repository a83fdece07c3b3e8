"""Models as files: their cards and their runtime."""
