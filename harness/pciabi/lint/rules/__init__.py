"""Lint rules, one module each."""
