"""What is measured of a loss, one property a file."""
