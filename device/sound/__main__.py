import sys

from device.sound.process import main

sys.exit(main())
