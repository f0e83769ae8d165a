"""Write a catalogue of made-up games as CSV, the same at every run, over 8 MiB.

More than 8 MiB, so that `aws s3 cp` uploads it in parts.
"""

from __future__ import annotations

import csv
import random
import sys
from datetime import date, timedelta
from pathlib import Path

ROWS = 17_000
COLUMNS = [
    "URL",
    "ID",
    "Name",
    "Subtitle",
    "Icon URL",
    "Average User Rating",
    "User Rating Count",
    "Price",
    "In-app Purchases",
    "Description",
    "Developer",
    "Age Rating",
    "Languages",
    "Size",
    "Primary Genre",
    "Genres",
    "Original Release Date",
    "Current Version Release Date",
]
FIRST = [
    "Brave",
    "Clever",
    "Frozen",
    "Golden",
    "Hidden",
    "Last",
    "Lost",
    "Mighty",
    "Quiet",
    "Silver",
    "Sunken",
    "Tiny",
]
SECOND = [
    "Castle",
    "Chess",
    "Dragon",
    "Empire",
    "Farm",
    "Galaxy",
    "Harbour",
    "Island",
    "Kingdom",
    "Puzzle",
    "Railway",
    "Tower",
]
THIRD = [
    "Adventure",
    "Builder",
    "Defence",
    "Duel",
    "Heroes",
    "Legends",
    "Quest",
    "Rush",
    "Saga",
    "Story",
    "Tactics",
    "Wars",
]
SENTENCES = (
    "Build your city stone by stone, and keep it safe.",
    "Gather friends from all over the world, then set out together.",
    "Every level is drawn by hand and none is like another.",
    "Plan ahead: your rivals learn from each of your moves.",
    "Play for five minutes on the bus, or all night long.",
    "No advertisements, no waiting, no purchases you need.",
    'Critics said "a small wonder", and players agree.',
    "New maps and missions appear every month.",
)
GENRES = ["Action", "Board", "Card", "Puzzle", "Role-Playing", "Simulation", "Strategy", "Trivia"]
LANGUAGES = ["DE", "EN", "ES", "FR", "IT", "JA", "KO", "NL", "PT", "RU", "ZH"]
START = date(2008, 7, 11)


def game(number: int, dice: random.Random) -> list[object]:
    """One row."""
    name = f"{dice.choice(FIRST)} {dice.choice(SECOND)} {dice.choice(THIRD)}"
    released = START + timedelta(days=dice.randrange(4000))
    identity = 284_000_000 + number * 65_537
    site = "https://games.example.com"
    return [
        f"{site}/app/{identity}",
        identity,
        f"{name} {number % 9 + 1}",
        dice.choice(SENTENCES) if dice.random() < 0.3 else "",
        f"{site}/icon/{identity}.png",
        dice.randrange(2, 11) / 2,
        int(dice.paretovariate(0.7) * 5),
        dice.choice(("0", "0", "0", "0.99", "2.99", "4.99")),
        ", ".join(dice.sample(("0.99", "1.99", "4.99", "9.99"), dice.randrange(4))),
        " ".join(dice.choices(SENTENCES, k=6)),
        f"{dice.choice(SECOND)} Studio {dice.randrange(900)}",
        dice.choice(("4+", "9+", "12+", "17+")),
        ", ".join(sorted(dice.sample(LANGUAGES, dice.randrange(1, 6)))),
        dice.randrange(5_000_000, 900_000_000),
        "Games",
        ", ".join(["Games", *dice.sample(GENRES, 2)]),
        released.strftime("%d/%m/%Y"),
        (released + timedelta(days=dice.randrange(1500))).strftime("%d/%m/%Y"),
    ]


def write(path: Path, rows: int = ROWS) -> None:
    dice = random.Random(42)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(game(number, dice) for number in range(rows))


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "appstore_games.csv")
    write(target)
    print(f"{target}: {ROWS} games, {target.stat().st_size / 2**20:.1f} MiB")
