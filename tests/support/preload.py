"""What processes that are to be killed have imported before they are born (`layer2.testing.kill`)."""

from __future__ import annotations

ROLLUP = """
import layer2.api.rollup.client, layer2.api.rollup.service
import layer2.rollup.validator.challenger, layer2.rollup.validator.proposer, layer2.rollup.sequencer.sequencer
from layer2.primitives import kzg
from layer2.rollup.state.state import State
kzg.setup()
State().root
"""
