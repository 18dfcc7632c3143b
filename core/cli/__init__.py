"""The commands of `samverk`."""
