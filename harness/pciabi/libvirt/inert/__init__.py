"""Domains made inert: nothing in them makes a libvirt open, create, connect to or run anything of
the host, and the same PCI hardware comes out."""
