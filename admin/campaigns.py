"""Campaigns: list, plan, brief, components, launch, summary."""
