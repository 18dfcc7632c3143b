"""How often somebody may ask: one limiter, which the app starts and the doors hang their limits on."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, headers_enabled=False)
