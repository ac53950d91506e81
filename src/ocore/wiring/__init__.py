"""Chooses who plays each part. The only package that names an adapter."""

from collections.abc import Callable, Coroutine
from typing import Any

from ocore.embedded.settings import Settings
from ocore.wiring.api import serve
from ocore.wiring.platform import migrate, run_platform
from ocore.wiring.worker import run_worker

__all__ = ["Part", "migrate", "run_platform", "run_worker", "serve"]

Part = Callable[[Settings], Coroutine[Any, Any, None]]
"""A program of the platform: runs until it is told to stop."""
