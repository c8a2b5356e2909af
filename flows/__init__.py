"""The stages strung together, and the command line. Alone in importing Prefect."""
