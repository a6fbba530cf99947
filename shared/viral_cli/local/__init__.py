"""The local stack: every server and service of the product as processes of one command."""
