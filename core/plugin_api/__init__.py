"""What plugins agree to. `samverk` re-exports it; plugin authors import from there."""

API_VERSION: int = 1
