"""What processes that are to be killed have imported before they are born (`layer2.testing.mortal`)."""

from __future__ import annotations

ROLLUP = """
import layer2.api.client, layer2.api.service
import layer2.rollup.challenger, layer2.rollup.proposer, layer2.rollup.sequencer
from layer2.primitives import kzg
from layer2.rollup.accounts import State
kzg.setup()
State().root
"""
