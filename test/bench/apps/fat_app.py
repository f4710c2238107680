"""An app of 100 MiB, like one with many libraries or a model."""

from __future__ import annotations

import os

from python_apps import hello

# Random, so that no page is like another, and written, so that each is there.
BALLAST = bytearray(os.urandom(1 << 20) * 100)
app = hello
