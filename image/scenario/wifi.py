"""Wi-Fi."""

# As people call theirs, and what breaks a parser: letters of others, quotes, what begins a comment.
NAMES = (
    "Home", " leading", "trailing ", "  ", 'the "good" one', '"quoted"', "'single'", "Mom’s iPhone",
    "back\\slash", "ends\\", "#hash", "a # b", "a; b", "{curly}", "a=b", "Wi-Fi: 5GHz", "%41",
    "Zoë's 📶 Wi-Fi", "名前のネットワーク", 32 * "x", 16 * "ü", 8 * "📶", 'P"x"', "none", "(kept)",
    "tab\there", "bell\a", "del\x7f", "hidden = yes",
)
PASSWORDS = (
    "8letters", 63 * "x", " leading", "trailing ", 'quo"te # hash', '"quoted12"', "'quoted12'",
    "back\\slash\\", "#hash1234", "12 # comment", "12 // comment", "pässwörter", "密码密码密码",
    "a;b,c}d;", "key = value", "name = x12", "“curly”12", 'psk="x" y', '\\"12345678', 8 * " ",
    "ends }}}", "(kept)12",
)
