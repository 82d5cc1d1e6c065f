"""Command group that answers an unknown command with similar names."""

from __future__ import annotations

import difflib

import click

__all__ = ["SuggestingGroup"]


class SuggestingGroup(click.Group):
    """Base class of this project's groups."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the named command; raise click's usage error with a hint if it is unknown."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as failure:
            close = difflib.get_close_matches(args[0], self.list_commands(ctx))
            hint = f"did you mean {' or '.join(close)}?" if close else f"see {ctx.command_path} --help"
            raise click.UsageError(f"{ctx.command_path} has no command {args[0]!r}; {hint}", ctx) from failure
