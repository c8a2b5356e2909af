"""These files carry the names of other packages: pytest must not import them by itself."""

collect_ignore_glob = ["checkout/*", "libraries/*"]
