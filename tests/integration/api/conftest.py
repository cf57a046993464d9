"""Every answer that a test of the API gets is held against the description of the API."""

import described
from chorus_harness import Aggregator

Aggregator.look_at = staticmethod(described.check)
