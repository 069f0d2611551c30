"""psycopg writes and reads back every type, in text and in binary."""

import datetime
import decimal
import sys
import uuid

import psycopg
from psycopg.types.json import Jsonb

VALUES = {
    "smallint": -32768,
    "int": 2147483647,
    "bigint": -9223372036854775808,
    "float8": -0.1,
    "numeric": decimal.Decimal("12345678901234567890.123456789"),
    "numeric(10,2)": decimal.Decimal("99999999.99"),
    "text": "naïve 'quotes' \\ 文字",
    "varchar(10)": "ten chars!",
    "bool": True,
    "bytea": bytes(range(256)),
    "date": datetime.date(2024, 2, 29),
    "timestamp": datetime.datetime(2024, 2, 29, 23, 59, 59, 123456),
    "timestamptz": datetime.datetime(2024, 2, 29, 23, 59, 59, 123456, datetime.timezone.utc),
    "uuid": uuid.UUID(int=0x123456789ABCDEF0123456789ABCDEF0),
    "jsonb": {"a": [1, 2.5, None, "x"], "b": {"c": True}},
    "int[]": [1, None, -3],
    "text[]": ["a", 'b,c "d"', "", "NULL"],
}

connection = psycopg.connect(host="127.0.0.1", port=int(sys.argv[2]), user="stele", dbname="stele", autocommit=True)

for number, (sql_type, value) in enumerate(VALUES.items()):
    table = f"t{number}"
    stored = Jsonb(value) if sql_type == "jsonb" else value
    connection.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, v {sql_type})")
    connection.execute(f"INSERT INTO {table} VALUES (1, %s), (2, NULL)", [stored])
    for binary in (False, True):
        with connection.cursor(binary=binary) as cursor:
            rows = cursor.execute(f"SELECT id, v FROM {table} ORDER BY id").fetchall()
            assert rows == [(1, value), (2, None)], (sql_type, binary, rows)

# Ten thousand rows in by COPY, out by a server-side loop, in one transaction.
with connection.transaction():
    connection.execute("CREATE TABLE bulk (id int PRIMARY KEY, name text)")
    with connection.cursor().copy("COPY bulk (id, name) FROM STDIN") as copy:
        for i in range(10_000):
            copy.write_row((i, f"name {i}" if i % 7 else None))
assert connection.execute("SELECT count(*), count(name) FROM bulk").fetchone() == (10_000, 8_571)
with connection.cursor().copy("COPY (SELECT id, name FROM bulk WHERE id < 3 ORDER BY id) TO STDOUT") as copy:
    assert b"".join(copy) == b"0\t\\N\n1\tname 1\n2\tname 2\n"

# An error says what PostgreSQL would say, and the connection goes on.
for sql, code in [
    ("SELECT * FROM missing", "42P01"),
    ("SELECT missing FROM bulk", "42703"),
    ("SELEC 1", "42601"),
    ("SELECT 1 / 0", "22012"),
    ("INSERT INTO bulk VALUES (1, 'again')", "23505"),
    ("SELECT 'x'::int", "22P02"),
    ("CREATE TABLE bulk (id int)", "42P07"),
]:
    try:
        connection.execute(sql)
        raise AssertionError(f"{sql} succeeded")
    except psycopg.Error as error:
        assert error.sqlstate == code, (sql, error.sqlstate, str(error))

# Named parameters, a prepared statement used often, and a rolled back block.
with connection.cursor() as cursor:
    for i in range(20):
        assert cursor.execute("SELECT name FROM bulk WHERE id = %(id)s", {"id": i + 1}, prepare=True).fetchone()
try:
    with connection.transaction():
        connection.execute("DELETE FROM bulk")
        raise RuntimeError("changed my mind")
except RuntimeError:
    pass
assert connection.execute("SELECT count(*) FROM bulk").fetchone() == (10_000,)
print("ok")
