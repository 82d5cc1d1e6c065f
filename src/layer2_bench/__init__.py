"""Measurements of gas and speed by commands that anyone can repeat."""

from __future__ import annotations

from layer2_bench.gas_channels import run_gas
from layer2_bench.rate_channels import run_rate

__all__ = ["run_gas", "run_rate"]
