"""Readers of what a guest tells of itself, found by looking (`probe.fact_readers`)."""
