"""What tools/check_data.py is made of."""
