"""Sales, refunds, codes and the keys of the sales API."""
