"""What a loss does to learning, measured before anything is trained: `lossbench audit`."""
