"""Discount codes, sales and refunds, gifts."""
