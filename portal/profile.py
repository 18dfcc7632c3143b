"""The influencer's own record and channels."""
