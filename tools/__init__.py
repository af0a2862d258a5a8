"""Tools around the services: the stack on one machine and the command line."""
