"""The morning report, its chart, and the diary for other programs: from the diary alone."""
