"""The data check: finds problems in the data and the fields of a config."""
