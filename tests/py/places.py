"""Where things are: the checkout, and the program that the tests run."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("HEADRACE_BIN", ROOT / "build/src/cli/headrace")).absolute()
