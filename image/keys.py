"""The key that signs updates, and the certificate that devices trust."""

from pathlib import Path

from image.host import run, say

YEARS = 20


def development(folder: Path) -> tuple[Path, Path]:
    """A key and its own certificate, made once. Who ships devices gives `--key` and `--certificate`
    of their own."""
    key, certificate = folder / "update.key", folder / "update.crt"
    if not key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        make(key, certificate, "Nocturne development updates")
        say(
            f"! made a key that signs updates: {key}. Keep it: devices with this image take "
            "updates from it alone"
        )
    return key, certificate


def make(key: Path, certificate: Path, name: str, *extensions: str) -> None:
    """`extensions` as openssl writes them, for a server's names."""
    # RAUC of Debian bookworm can't sign by Ed25519.
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-keyout",
        key,
        "-out",
        certificate,
        "-days",
        YEARS * 365,
        "-subj",
        f"/O=Nocturne/CN={name}",
        "-addext",
        "keyUsage=critical,digitalSignature,keyCertSign",
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        *(word for extension in extensions for word in ("-addext", extension)),
    )
    key.chmod(0o600)
