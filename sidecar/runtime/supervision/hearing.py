"""What the supervisor hears from control. Whatever that is, or is made of, the supervisor goes on."""

import logging

from sidecar.runtime.ipc import channel
from sidecar.runtime.ipc.channel import Kind, Message
from sidecar.runtime.ipc.handles import Handle
from sidecar.runtime.supervision.children import Children

_log = logging.getLogger(__name__)


class Hearing:
    """``hear`` whenever control's channel is readable. ``generation``: of the configuration in force, from 1 on.

    That which was confirmed alone is no new one.
    """

    def __init__(self, children: Children) -> None:
        self.generation = 1
        self._children = children
        self._channel = channel.Channel(children.control)

    def hear(self) -> None:
        """Do what was asked for."""
        while (message := self._channel.receive()) is not None:
            if message.kind is Kind.KEEP:
                self._keep(message)
                continue
            channel.close_all(message.descriptors)
            if message.kind is Kind.REPLACE:
                self._children.kill(message.generation, message.incarnation)
            elif message.kind is Kind.RESIZE:
                self._children.wish(message.generation)

    def _keep(self, message: Message) -> None:
        if len(message.descriptors) != 1:
            # The kernel leaves a descriptor out where we may have no more.
            channel.close_all(message.descriptors)
            _log.error("no configuration came along: whoever starts now starts with the old one, until control sees it")
            return
        try:
            kept = Handle(message.descriptors[0]).open()  # which closes it where it fails
        except (OSError, ValueError) as error:
            _log.error("the configuration cannot be kept, and the old one stays for whoever starts: %s", error)
            return
        old, self._children.snapshot = self._children.snapshot, kept
        old.close()
        self.generation += message.generation
