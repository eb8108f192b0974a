"""One self-contained HTML page that shows what was chosen, why, and the pool images nearest to each."""
