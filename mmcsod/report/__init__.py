"""One self-contained HTML page that shows what was chosen, why, and what each choice stands for."""
