"""The only modules that open files, sockets and databases, or spread work over processes."""
