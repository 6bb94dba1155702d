"""Cards as HTML, as Markdown, on a terminal, and as pages of the documentation."""
