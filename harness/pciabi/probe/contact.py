"""How a guest is found to be ready, and asked: one way for each kind of login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pciabi.deadline import Deadline
from pciabi.guest import answers, console_login, foreign, ssh
from pciabi.guest.answers import LSPCI, Answers
from pciabi.guest.console import Console
from pciabi.guest.keys import RunKeys
from pciabi.guest.login import ConsoleLogin, Login, SshLogin
from pciabi.guest.ssh import Credentials
from pciabi.probe import hotplug, ssh_server
from pciabi.probe.readiness import READY, GuestWords
from pciabi.qemu.monitor import Monitor
from pciabi.vm.config import Device

LSPCI_READ = "reading names"


@dataclass(frozen=True)
class Underway:
    """A boot that is under way. `plugged` are the devices to add once the guest is there."""

    qmp: Monitor
    console: Console
    words: GuestWords
    plugged: tuple[Device, ...]
    deadline: Deadline
    on_stage: Callable[[str], None]


class Contact(Protocol):
    """The way into a guest."""

    def ask(self, underway: Underway) -> Answers:
        """Wait until the guest is ready, and ask it.

        Raises GuestError for a guest that does not come up, lets nobody in or does not answer,
        QemuError when QEMU ends, Interrupted.
        """


@dataclass(frozen=True)
class OwnContact:
    """The guest follows pciabi's protocol: it says itself that it is ready, and has our keys."""

    keys: RunKeys

    def ask(self, underway: Underway) -> Answers:
        """See Contact."""
        underway.words.wait_for(READY, "the guest was not ready")
        port = ssh_server.forwarded_port(underway.qmp)
        with ssh.session(port, self.keys.credentials(), underway.deadline) as session:
            if underway.plugged:
                underway.on_stage("hot-plugging")
                hotplug.plug(underway.plugged, underway.qmp, session, underway.words)
            underway.on_stage("reading")
            listing = session.run(LSPCI)
            underway.on_stage(LSPCI_READ)
            return answers.ask(session, listing)


@dataclass(frozen=True)
class ConsoleContact:
    """A foreign guest is ready when it shows a login prompt on its console."""

    login: ConsoleLogin

    def ask(self, underway: Underway) -> Answers:
        """See Contact."""
        session = console_login.log_in(underway.console, self.login, underway.deadline)
        underway.on_stage("reading")
        return foreign.ask(session)


@dataclass(frozen=True)
class SshContact:
    """A foreign guest is ready when an SSH server speaks on the address DHCP gave it."""

    credentials: Credentials

    def ask(self, underway: Underway) -> Answers:
        """See Contact."""
        port = ssh_server.forwarded_port(underway.qmp)
        connection = ssh_server.await_server(port, underway.words, underway.deadline)
        with ssh.session_over(connection, self.credentials, underway.deadline) as session:
            underway.on_stage("reading")
            return foreign.ask(session)


def contact(login: Login, keys: RunKeys) -> Contact:
    """The way into a guest with that login; `keys` are the run's own."""
    match login:
        case ConsoleLogin():
            return ConsoleContact(login)
        case SshLogin(credentials):
            return SshContact(credentials)
        case _:
            return OwnContact(keys)
