"""The example installation: half a year of two agencies, told through the services."""
