"""Errors that a user can mend. Their text is one or two lines: what is wrong, where, what to do."""


class WarmlineError(Exception):
    """Anything the command line prints without a traceback."""


class UsageError(WarmlineError):
    """The command, a run file or a pack asks for something that cannot be: exit code 2."""


class StorageError(WarmlineError):
    """A file could not be read or written (full disk, no permission): finished work is kept."""
