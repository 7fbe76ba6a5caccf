"""`python -m llmspell` is the command `llmspell`."""

import sys

from llmspell.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
