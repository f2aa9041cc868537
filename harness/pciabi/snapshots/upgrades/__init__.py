"""Snapshot files of older versions, brought into the form of the next one: a module for each."""
