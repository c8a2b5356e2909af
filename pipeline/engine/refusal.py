"""What model backends raise for one item; it is here so that no client library is needed to catch it."""


class ItemRefusedError(Exception):
    """The model is there, but does not take this item. Its text is the reason, in one line."""
