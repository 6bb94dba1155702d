"""What is audited, brought to one form: our losses, and somebody's callables."""
