"""Entry point of `python -m layer2.testing.search`."""

from __future__ import annotations

import sys

from layer2.testing.search.runner import main

if __name__ == "__main__":
    sys.exit(main())
