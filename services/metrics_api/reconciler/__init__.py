"""The one process that does what nobody asks for: evaluates, resumes, repairs."""
