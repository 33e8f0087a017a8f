"""What is wrong with files: those that are read, the sockets, and how many there may be."""

from collections.abc import Iterator
from stat import S_IXGRP, S_IXOTH, S_IXUSR
from typing import Final

from sidecar.doctor.finding.kinds import At, Finding, found
from sidecar.doctor.snapshot import Snapshot, SocketFact
from sidecar.report.say import many

#: Files that a server needs beside connections, as the native transport reckons (``transport.native.file_limit``).
OTHER_FILES: Final = 128
_WRITE: Final = (0o200, 0o020, 0o002)
_SEARCH: Final = (S_IXUSR, S_IXGRP, S_IXOTH)


def places(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with them."""
    for one in snapshot.files:
        if one.trouble:
            change = f"{one.setting}: a file that this user may read"
            yield found("file_unreadable", f"{one.setting}: {one.path}: {one.trouble}", change)
    for fact in (snapshot.socket, snapshot.forward_auth_socket):
        if fact is not None:
            yield from _socket(fact)
    made, files = snapshot.made, snapshot.given.open_files
    if made is not None and made.connections is not None and files is not None:
        wanted = made.connections + OTHER_FILES
        if files < wanted:
            text = (
                f"a process may have {many(files, 'open file')}, and native.max_connections of {made.connections} take "
                f"{wanted}: a server takes no more connections than {max(1, files - OTHER_FILES)}"
            )
            yield found("open_files_short", text, f"LimitNOFILE={wanted}  # of the container runtime's service")


def _socket(fact: SocketFact) -> Iterator[Finding]:
    if not fact.exists:
        yield found(
            "socket_folder", f"{fact.folder}: there is no such folder", f"volumeMounts: {{mountPath: {fact.folder}}}"
        )
        return
    if not fact.writable:
        text = (
            f"{fact.folder}: user {fact.user} may make no sockets there (mode {fact.folder_mode:04o}, owner "
            f"{fact.folder_user}:{fact.folder_group})"
        )
        yield found(
            "socket_folder", text, f"securityContext: {{fsGroup: {fact.group or fact.user}}}  # and no readOnly mount"
        )
    if fact.group is None:
        text = f"{fact.room}.socket_group: {fact.group_setting}: there is no such group here"
        yield found("socket_group", text, f'{fact.room}: {{socket_group: "65532"}}  # a number')
    elif fact.group_setting and not fact.is_member:
        text = (
            f"{fact.room}.socket_group: {fact.group_setting}: user {fact.user} is no member; it may give nothing to it"
        )
        yield found("socket_group", text, f"securityContext: {{supplementalGroups: [{fact.group}]}}", At.CONTAINER)
    elif fact.envoy is not None:
        yield from _envoy(fact, fact.group, *fact.envoy)


def _envoy(fact: SocketFact, group: int, user: int, groups: tuple[int, ...]) -> Iterator[Finding]:
    who = f"Envoy's user {user}:{','.join(map(str, groups))}"
    if not may(user, groups, (fact.user, group, fact.mode), _WRITE):
        text = f"{who} may not connect to sockets of {fact.user}:{group} with mode {fact.mode:04o}"
        change = (
            f'{fact.room}: {{socket_group: "{groups[0]}"}}  # of which the sidecar is a member, or socket_mode: "0666"'
        )
        yield found("envoy_locked_out", text, change)
    if not may(user, groups, (fact.folder_user, fact.folder_group, fact.folder_mode), _SEARCH):
        owner = f"owner {fact.folder_user}:{fact.folder_group}"
        text = f"{who} may not enter {fact.folder} (mode {fact.folder_mode:04o}, {owner})"
        change = f"securityContext: {{fsGroup: {groups[0]}}}  # of the pod"
        yield found("envoy_locked_out", text, change, At.CONTAINER)


def may(user: int, groups: tuple[int, ...], owned: tuple[int, int, int], bits: tuple[int, int, int]) -> bool:
    """Say whether a user gets past the permissions of a file: ``owned`` is its user, group and mode.

    ``bits`` are what it takes of owner, group and others: the first of the three that is about the user decides
    (path_resolution(7)); root, who has capabilities instead, gets past all.
    """
    owner, group, mode = owned
    if user == 0:
        return True
    which = 0 if user == owner else 1 if group in groups else 2
    return bool(mode & bits[which])
