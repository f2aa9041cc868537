"""The small public face for the tests of other projects: two captures in, a typed result out.

What it hands out are dataclasses of its own: the ones within pciabi grow with every family of
facts. Only the words that the JSON documents promise already (severities, outcomes, who is hurt)
and the exceptions are the same (docs/decisions/0019-python-face.md).
"""
