"""`python -m goosequill` is `goosequill`."""

import sys

from goosequill.cli.main import main

sys.exit(main())
