"""The morning report, from the diary alone."""
