"""`python -m mutoscope` and the `mutoscope` command; all of it is in `cli`."""

from __future__ import annotations

from mutoscope.cli import program


def main() -> None:
    """Run the command line and exit with its code."""
    program(prog_name="mutoscope")


if __name__ == "__main__":
    main()
