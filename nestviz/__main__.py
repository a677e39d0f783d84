"""`python -m nestviz`: the same as the command `nestviz`."""

from __future__ import annotations

import sys

from nestviz.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
