"""`python -m goosequill` is `goosequill`."""

import sys

from goosequill.cli import main

sys.exit(main())
