"""Compare many generated cases, and tell how many agree: `python -m tests.oracle --cases 10000`."""

import argparse
import sys

from tests.oracle.cases import Generator
from tests.oracle.test_oracle import SEED, difference

SHOWN = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", default=SEED)
    given = parser.parse_args()
    generator = Generator(given.seed)
    differences = [told for _ in range(given.cases) if (told := difference(generator.request()))]
    agreed = f"{given.cases - len(differences)} {given.cases}\n"
    sys.stdout.write("\n".join([*differences[:SHOWN], agreed]))


if __name__ == "__main__":
    main()
