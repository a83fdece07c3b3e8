"""The night as values: what is known, what was asked, and what each part decides. Knows no room."""
