"""One module for each format that lint's findings are written in: its name is the format's.

Each has `render`, which makes the text of the results of all files. They are found by looking.
"""
