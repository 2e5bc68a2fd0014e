"""`python -m refnet`."""

from .cli import main

main(prog_name="refnet")
