"""Where the night is built from its parts: the board's and the desk's."""
