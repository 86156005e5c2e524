"""Admin: a page that shows what came in, what became of it, and why, without scripts."""
