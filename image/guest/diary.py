#!/usr/bin/python3
"""Inside the emulated Pi: asks the diary a question in SQL, beside the running device."""

import sqlite3
import sys

for row in sqlite3.connect(
    "file:/var/lib/nocturne/diary.sqlite?mode=ro", uri=True, timeout=10
).execute(sys.argv[1]):
    print(*row, sep="|")
