"""A sample of SQLite's sqllogictest corpus, against Stele and against PostgreSQL.

    python3 sqllogictest.py BINARY CORPUS [FILE...]

CORPUS is a checkout of the corpus; FILEs are paths in it, or else a sample of thirty that
takes every directory in turn. The corpus is SQLite's: a record that PostgreSQL itself fails
(a dialect of SQL it does not speak) does not count. Needs psycopg: run it with the Python
that `make clients` makes.
"""

import hashlib
import sys
from collections import defaultdict
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))
from servers import postgres_server, stele  # noqa: E402

SAMPLE = 30
FILE_BYTES_MAX = 1_100_000
SHOWN = 15
# Joins of up to 64 tables: PostgreSQL, which decides what counts, plans them for hours.
SLOW = {"select5.test"}


def records(text):
    """(line, kind, words, sql, expected) of every record meant for PostgreSQL."""
    lines, at = text.splitlines(), 0
    while at < len(lines):
        start, meant, head = at + 1, True, None
        while at < len(lines) and lines[at].strip():
            words = lines[at].split()
            at += 1
            if words[0].startswith("#"):
                continue
            if words[0] in ("onlyif", "skipif"):
                meant &= (words[1] == "postgresql") == (words[0] == "onlyif")
            elif words[0] in ("statement", "query"):
                head = words
                break
            elif words[0] == "halt" and meant:
                return
        if head is None:
            at += 1
            continue
        body = []
        while at < len(lines) and lines[at].strip():
            body.append(lines[at])
            at += 1
        split = body.index("----") if "----" in body else len(body)
        if meant:
            yield start, head[0], head[1:], "\n".join(body[:split]), body[split + 1 :]


def spell(value, kind):
    if value is None:
        return "NULL"
    if kind == "I":
        return str(int(value))
    if kind == "R":
        return f"{float(value):.3f}"
    return str(value) or "(empty)"


def answer(cursor, words, expected):
    kinds, mode = words[0], words[1] if len(words) > 1 else "nosort"
    rows = [[spell(value, kind) for value, kind in zip(row, kinds)] for row in cursor.fetchall()]
    if mode == "rowsort":
        rows.sort()
    values = [value for row in rows for value in row]
    if mode == "valuesort":
        values.sort()
    if len(expected) == 1 and " values hashing to " in expected[0]:
        digest = hashlib.md5("".join(value + "\n" for value in values).encode()).hexdigest()
        return [f"{len(values)} values hashing to {digest}"]
    return values


def play(port, text):
    """Per record: its line, None when it passed, else what went wrong."""
    outcomes = []
    with psycopg.connect(host="127.0.0.1", port=port, user="stele", dbname="stele", autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        connection.execute("SET statement_timeout = '20s'")
        for line, kind, words, sql, expected in records(text):
            try:
                cursor.execute(sql)
                if kind == "statement":
                    wrong = None if words[0] == "ok" else "succeeded"
                else:
                    seen = answer(cursor, words, expected)
                    wrong = None if seen == expected else f"{seen[:4]} is not {expected[:4]}"
            except (psycopg.Error, ValueError, TypeError) as error:
                wrong = None if words[0] == "error" else str(error).splitlines()[0]
            outcomes.append((line, sql.split("\n")[0], wrong))
            if connection.closed:
                break
    return outcomes


def clean(port):
    with psycopg.connect(host="127.0.0.1", port=port, user="stele", dbname="stele", autocommit=True) as connection:
        for (name,) in connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'").fetchall():
            connection.execute(f'DROP TABLE IF EXISTS "{name}" CASCADE')


def sample(corpus):
    folders = defaultdict(list)
    for path in sorted(corpus.glob("test/**/*.test")):
        if 0 < path.stat().st_size < FILE_BYTES_MAX and path.name not in SLOW:
            folders["/".join(path.relative_to(corpus).parts[:3])].append(path)
    chosen, turn = [], 0
    while len(chosen) < SAMPLE and turn < max(map(len, folders.values())):
        chosen += [paths[turn] for _, paths in sorted(folders.items()) if turn < len(paths)]
        turn += 1
    return chosen[:SAMPLE]


def main():
    binary, corpus = sys.argv[1], Path(sys.argv[2])
    paths = [corpus / name for name in sys.argv[3:]] or sample(corpus)
    counted, passed, shown = 0, 0, 0
    with stele(binary, "everysec") as ours, postgres_server() as theirs:
        for path in paths:
            text = path.read_text()
            for server in (ours, theirs):
                clean(server.ports["postgres"])
            oracle = play(theirs.ports["postgres"], text)
            seen = dict((line, (sql, wrong)) for line, sql, wrong in play(ours.ports["postgres"], text))
            fair = [line for line, _, wrong in oracle if wrong is None]
            bad = [line for line in fair if seen.get(line, ("", "not reached"))[1] is not None]
            counted, passed = counted + len(fair), passed + len(fair) - len(bad)
            print(f"{path.relative_to(corpus)!s:48} {len(fair) - len(bad):6} of {len(fair):6}", flush=True)
            for line in bad[:3]:
                if shown < SHOWN * 4:
                    shown += 1
                    print("    {}: {} -> {}".format(line, *seen.get(line, ("", "not reached")))[:240])
    print(f"{passed} of {counted} records that PostgreSQL passes: {100 * passed / max(counted, 1):.2f} %")


main()
