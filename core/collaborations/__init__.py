"""Offers, contracts and signatures: one influencer in one campaign."""
