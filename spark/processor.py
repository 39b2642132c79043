"""The entry for spark-submit: judges the logs of a Kafka topic. `processor.py --help` has an example.

All that it needs comes with the wheel, so this one file is all that a cluster has to be sent.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the processor, or says in one line what isn't installed."""
    try:
        from logcore.spark.job import main as run
    except ModuleNotFoundError as error:
        print(
            f"processor: {sys.executable} has no module {error.name}; install logcore's wheel, pyspark, pandas and "
            "pyarrow for the Python that spark-submit uses (PYSPARK_PYTHON, or an activated virtual environment)",
            file=sys.stderr,
        )
        return 1
    return run()


if __name__ == "__main__":
    sys.exit(main())
