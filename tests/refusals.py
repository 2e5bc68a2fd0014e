"""How a command says no: for the tests of every command."""


def refused(result, status=2):
    """The one line that a refused command prints. result: of Click's CliRunner."""
    assert result.exit_code == status, result.output
    assert not result.stdout
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("Error: ")
    return line
