import os
from typing import Any

from . import Transform

def load(path: str | os.PathLike[str]) -> dict[str, Any]: ...
def transform(entry: str | dict[str, Any]) -> Transform: ...
