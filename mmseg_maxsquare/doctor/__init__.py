"""What is wrong with the data and the fields of a config."""
