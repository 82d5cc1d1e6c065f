"""Measurements of gas and speed by commands that anyone can repeat."""

from __future__ import annotations

from layer2.cli.bench.gas_channels import run_gas
from layer2.cli.bench.rate_channels import run_rate

__all__ = ["run_gas", "run_rate"]
