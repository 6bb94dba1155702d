"""What commands do that is more than a few lines; imported when a command runs, so that --help answers at once."""
