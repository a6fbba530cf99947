"""Who may do what: tokens of services, people and their sessions."""
