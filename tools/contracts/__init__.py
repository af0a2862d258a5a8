"""The contracts that others build on, made of what the services declare: `make contracts`, `make check`."""
