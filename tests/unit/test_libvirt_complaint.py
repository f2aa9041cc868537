"""Where in the XML the element stands that libvirt complains of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.libvirt import complaint
from pciabi.vm import xml_tree
from pciabi.vm.xml_tree import Element

XML = """\
<domain type='qemu'>
  <name>web</name>
  <os>
    <type arch='x86_64' machine='pc-q35-99'>hvm</type>
  </os>
  <devices><emulator>/e</emulator>
    <disk type='file' device='disk'>
      <target dev='vda' bus='virtio'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x03' function='0x0'/>
    </disk>
    <interface type='user'>
      <model type='virtio'/>
      <address type='pci' domain='0' bus='0' slot='3' function='0'/>
    </interface>
    <interface type='user'>
      <model type='nosuch'/>
      <address type='pci' bus='0x00' slot='oops'/>
    </interface>
  </devices>
</domain>
"""


def domain() -> Element:
    (found,) = xml_tree.read("web.xml", XML).children
    return found


@pytest.mark.parametrize(
    ("words", "line"),
    [
        # As libvirt 9.0 says it.
        ("unsupported configuration: Emulator '/e' does not support machine type 'pc-q35-99'", 4),
        ("XML error: Attempted double use of PCI Address 0000:00:03.0", 11),
        ("internal error: The PCI device '0000:00:03.0' is at an odd place", 11),
        ("unsupported configuration: unknown NIC model 'nosuch'", 16),
        ("XML error: missing source in <target dev='vda'>", 8),
        # Two elements have it, or none.
        ("unsupported configuration: 'virtio' is not supported", 1),
        ("an error that quotes 'nothing of ours'", 1),
        ("Requested operation is not valid", 1),
        ("XML error: Attempted double use of PCI Address 0000:00:09.0", 1),
    ],
)
def test_the_element_is_the_one_that_its_words_name(words: str, line: int) -> None:
    assert complaint.place(words, domain()).line == line


def test_what_virsh_puts_in_front_is_not_told() -> None:
    said = "Failed to define domain from /dev/pciabi/domain.xml\nXML error: one\n  two \n"
    assert complaint.words(said) == "XML error: one; two"


@given(st.text() | st.text("'<>\"0:.\n"))
def test_any_complaint_has_a_place(words: str) -> None:
    assert 1 <= complaint.place(words, domain()).line <= XML.count("\n")
    assert "\n" not in complaint.words(words)
