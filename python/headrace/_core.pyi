# The C module under the package: private, and described where the package shows it.
from typing import Any

def __getattr__(name: str) -> Any: ...
