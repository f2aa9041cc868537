"""Readers of what QEMU itself tells of a machine, found by looking (`probe.fact_readers`)."""
