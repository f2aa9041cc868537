"""`<sound>`: sound cards and their codecs.

What plays on the host is nothing that a guest sees, so no backend is written.
Source: libvirt, src/qemu/qemu_command.c, qemuBuildSoundCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from pciabi.vm.command_line.option import Option
from pciabi.vm.domain import addresses, virtio
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import stated
from pciabi.vm.xml_tree import Element

_VOCABULARY = Vocabulary(
    addresses.PCI_WORDS
    | virtio.DRIVER_OPTIONS
    | {"@model", "@multichannel", "@streams", "codec", "codec@type"},
    {"audio": "the host's side of it", "audio@id": "the host's side of it"},
)
_VIRTIO, _SPEAKER, _USB = "virtio", "pcspk", "usb"
_MODELS: Mapping[str, str] = MappingProxyType(
    {
        "es1370": "ES1370",
        "ac97": "AC97",
        "ich6": "intel-hda",
        "ich9": "ich9-intel-hda",
        _USB: "usb-audio",
        "sb16": "sb16",
    }
)
_OFF_PCI = frozenset({_USB, "sb16"})
_WITH_CODECS = frozenset({"ich6", "ich9"})
_CODECS: Mapping[str, str] = MappingProxyType(
    {"duplex": "hda-duplex", "micro": "hda-micro", "output": "hda-output"}
)


def options(domain: Domain) -> Iterator[Option]:
    """A `-device` for each sound card and each of its codecs. Raises InputError."""
    for sound in domain.each("sound"):
        must_know(sound, _VOCABULARY)
        model = sound.attributes.get("model", "")
        if model == _SPEAKER:
            # The machine has it; its sound is switched on by `-machine`.
            continue
        if model == _VIRTIO:
            domain.must_know(Trait.VIRTIO_SOUND, sound, f"model='{model}'")
        yield _card(domain, sound, model)
        if model in _WITH_CODECS:
            yield from _codecs(domain, sound)


def _card(domain: Domain, sound: Element, model: str) -> Option:
    is_virtio = model == _VIRTIO
    has_channels = model == _USB and domain.dialect.has(Trait.SOUND_MULTICHANNEL)
    return domain.device(
        virtio.driver("virtio-sound", sound, sound, model)
        if is_virtio
        else stated(sound, ("driver", chosen(sound, "model", model, _MODELS))),
        virtio.options(domain, sound) if is_virtio else (),
        stated(
            sound,
            ("id", domain.alias(sound)),
            ("multi", switch(sound, "multichannel") if has_channels else None),
            ("streams", (number(sound, "streams") or None) if is_virtio else None),
        ),
        (addresses.off_pci if model in _OFF_PCI else addresses.pci)(domain, sound),
    )


def _codecs(domain: Domain, sound: Element) -> Iterator[Option]:
    alias = domain.alias(sound)
    # libvirt puts one in where none is stated.
    for at, codec in enumerate(list(sound.all("codec")) or [sound]):
        kind = codec.attributes.get("type", "") if codec is not sound else "duplex"
        driver = chosen(sound, "codec type", kind, _CODECS, codec)
        yield domain.device(
            stated(
                codec,
                ("driver", driver),
                ("id", f"{alias}-codec{at}"),
                ("bus", f"{alias}.0"),
                ("cad", at),
            )
        )
