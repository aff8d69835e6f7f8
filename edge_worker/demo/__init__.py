"""The demo: a visitor on film, the whole worker in one process, and a judge of what came out."""
