"""Access control: tokens of services, people and their sessions."""
