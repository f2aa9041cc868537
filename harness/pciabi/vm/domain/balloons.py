"""`<memballoon>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildMemballoonCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import switch
from pciabi.vm.domain.vocabulary import Vocabulary, missing, must_know
from pciabi.vm.domain.words import stated

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS | virtio.DRIVER_OPTIONS | {"@model", "@autodeflate", "@freePageReporting"},
    {"stats/**": "how often libvirt asks the guest", "stats": "what libvirt asks the guest"},
)


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for a balloon. Raises InputError."""
    balloons = list(domain.each("memballoon"))
    if not balloons:
        raise missing(
            domain.root,
            "has no <memballoon>: libvirt would add one",
            "<memballoon model='none'/>",
        )
    for balloon in balloons:
        must_know(balloon, _VOCABULARY)
        model = balloon.attributes.get("model", "")
        if model != "none":
            yield domain.device(
                virtio.driver("virtio-balloon", balloon, balloon, model),
                virtio.options(domain, balloon),
                stated(
                    balloon,
                    ("id", domain.alias(balloon)),
                    ("deflate-on-oom", switch(balloon, "autodeflate")),
                    ("free-page-reporting", switch(balloon, "freePageReporting")),
                ),
                addresses.pci(domain, balloon),
            )
