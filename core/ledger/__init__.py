"""The books: double entry, sealed, chained, kept right by the database itself.

Upper rooms book through `core.ledger.postings` and read through `core.ledger.queries`.
"""
