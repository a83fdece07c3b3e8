"""`python -m device.sound`: see process.py."""

import os
import sys

# One thread: the products are small, and BLAS's own threads would spin on a core that the night
# needs.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

from device.process_memory import do_without_openssl_hashes  # noqa: E402

do_without_openssl_hashes()         # before numpy.random, which imports `secrets`

from device.sound.process import main  # noqa: E402

sys.exit(main())
