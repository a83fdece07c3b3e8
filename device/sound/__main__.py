"""`python -m device.sound`: see process.py."""

import os
import sys

# One thread: the products are small, and BLAS's own threads would spin on a core that the night needs.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

# hashlib then uses its own C: OpenSSL, which numpy.random only pulls in for `secrets`, is 3.5 MB.
sys.modules["_hashlib"] = None

from device.sound.process import main  # noqa: E402

sys.exit(main())
