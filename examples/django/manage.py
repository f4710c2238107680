#!/usr/bin/env python3
"""Django's own commands."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "notes.settings")
execute_from_command_line(sys.argv)
