"""What is owed, and the ledger."""
