"""Goal, audience, brief, deliverables and payment components of a campaign."""
