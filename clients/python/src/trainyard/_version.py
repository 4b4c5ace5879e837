"""The version, which is that of the server's package.json."""

__version__ = "0.1.0"
