"""`wardline status`: how every part of a hospital is, for people and for programs."""
