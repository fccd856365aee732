"""What a deliberation is and how it proceeds. Pure: nothing here does I/O, reads a clock or draws at random."""
