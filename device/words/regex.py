"""Regular expressions that are compiled when they first read something: all of this room's together
take a fifth of the board's start, and few nights need them."""

import re
from functools import cached_property
from typing import Any, cast


class Pattern:
    def __init__(self, text: str, flags: int):
        self._text, self._flags = text, flags

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self._text, self._flags)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._compiled, name)


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """As `re.compile`, later."""
    return cast("re.Pattern[str]", Pattern(text, flags))
