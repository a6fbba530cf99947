"""One module a detector: one query over facts, one pure function from rows to an answer."""
