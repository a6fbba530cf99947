"""Long work in steps: facts that are rebuilt, content that is scanned again."""
