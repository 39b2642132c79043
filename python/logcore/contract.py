"""``python -m logcore.contract``: checks a data contract, explains it in words, exports it as JSON Schema.

The contract is an Open Data Contract Standard 3.1 file. A rule that logcore can't hold a log against is an error that
names its place; it is never passed over.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from logcore._core import Contract, ContractError
from logcore.one_line_parser import OneLineParser
from logcore.standard_output import OutputError, write_line

__all__ = ["main"]

_PROGRAM = "logcore-contract"
_EXAMPLES = """\
examples:
  python -m logcore.contract check contracts/server-logs.odcs.yaml
      one line if logs can be judged by it; else what is wrong and where
  python -m logcore.contract explain contracts/server-logs.odcs.yaml
      each rule in words, with the code that a log gets for breaking it
  python -m logcore.contract json-schema contracts/server-logs.odcs.yaml > server-logs.schema.json
      the same rules as JSON Schema 2020-12, as far as it can say them
  python -m logcore.contract explain
      without a file: the contract that logcore ships

exit status: 0 done, 1 the contract can't be used, 2 a wrong option
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status: 0 done, 1 the contract can't be used. A wrong option exits with 2."""
    options = _parser().parse_args(arguments)
    try:
        contract = Contract.server_logs() if options.file is None else Contract.load(options.file)
    except ContractError as error:
        where = "" if options.file is None or options.file in str(error) else f"{options.file}: "
        print(f"{_PROGRAM}: {where}{' '.join(str(error).split())}", file=sys.stderr)
        return 1
    try:
        write_line(_ACTIONS[options.action](contract))
    except BrokenPipeError:
        # The reader has seen enough.
        return 0
    except OutputError as error:
        print(f"{_PROGRAM}: {error}", file=sys.stderr)
        return 1
    return 0


def _check(contract: Contract) -> str:
    names = contract.field_names
    looked_up = "" if contract.lookup is None else f"; looks {' and '.join(contract.lookup[0])} up"
    return f"{contract.name}: good, version {contract.version}, {len(names)} fields ({', '.join(names)}){looked_up}"


_ACTIONS = {
    "check": _check,
    "explain": lambda contract: contract.explain().rstrip("\n"),
    "json-schema": Contract.json_schema,
}


def _parser() -> argparse.ArgumentParser:
    description = (__doc__ or "").partition(": ")[2].strip()
    parser = OneLineParser("contract", description=description[0].upper() + description[1:], epilog=_EXAMPLES)
    parser.add_argument("action", choices=tuple(_ACTIONS), help="what to do with it")
    parser.add_argument("file", nargs="?", metavar="FILE", help="the contract (default: the one that logcore ships)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
