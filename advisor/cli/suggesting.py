"""Near misses of commands."""

import click


class SuggestingGroup(click.Group):
    """A group that suggests the command which was meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is typed first, or say which is like it."""
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or name in self.list_commands(ctx):
            return super().resolve_command(ctx, args)
        from knowledge_base.naming import nearest

        near = nearest(name, self.list_commands(ctx))
        hint = f"Did you mean '{near}'?" if near else f"Try '{ctx.command_path} --help'."
        raise click.UsageError(f"No such command '{name}'. {hint}", ctx)
