"""Results of runs as tables: what is best, how sure that is, and how a table is written."""
