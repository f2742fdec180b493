"""What does ``python -m bot.cli`` do? The same as ``cairn``."""

import sys

from bot.cli import main

sys.exit(main())
