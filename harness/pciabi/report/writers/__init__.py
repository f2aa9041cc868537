"""One module for each format that a result is written in: its name is the format's.

Each has `FILE`, the name of its file in a report's folder; `COMMANDS`, those whose folders hold
it; and `render`, which makes the text of a `Result`. They are found by looking.
"""
