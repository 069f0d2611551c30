//! One table, written in SQL, found by SQL and over HTTP: at once, after changes, after kill -9.

use postgres::Client;
use serde_json::{Value as Json, json};

use super::full;
use super::harness::Server;
use super::http_client::asked;

const TABLE: &str = "
    CREATE TABLE products (
        id bigint PRIMARY KEY, name text NOT NULL, description varchar(200), price numeric(10, 2),
        weight double precision, stock int, sold boolean, day date, made timestamp,
        seen timestamptz, tag text, code uuid, extra jsonb);
    CREATE INDEX i ON products USING search (name, description) WITH (analyzer = 'english');
    INSERT INTO products VALUES
        (1, 'Red shoe', 'A shoe that is red', 10.50, 0.5, 3, true, '2024-01-05', '2024-01-05 10:00',
         '2024-01-05 10:00+00', 'new', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}'),
        (2, 'Blue shoe', 'A shoe', 20.00, 0.7, 0, false, '2024-02-05', '2024-02-05 10:00',
         '2024-02-05 10:00+00', 'new', NULL, NULL),
        (3, 'Red hat', 'Keeps you warm', 30.00, 0.1, 7, false, '2024-03-05', '2024-03-05 10:00',
         '2024-03-05 10:00+00', 'old', NULL, NULL)";

/// The keys SQL finds, in order.
fn by_sql(sql: &mut Client, condition: &str) -> Vec<i64> {
    let query = format!("SELECT id FROM products WHERE {condition} ORDER BY id");
    let rows = sql
        .query(&query, &[])
        .unwrap_or_else(|error| panic!("{query}: {error}"));
    rows.iter().map(|row| row.get(0)).collect()
}

/// The keys HTTP finds, in the order of the answer, once everything so far can be found.
fn by_http(server: &Server, search: &Json) -> Vec<i64> {
    let refreshed = asked(server, "POST", "/products/_refresh", &Json::Null);
    assert_eq!(refreshed.0, 200, "{}", refreshed.1);
    let (status, found) = asked(server, "POST", "/products/_search", search);
    assert_eq!(status, 200, "{found}");
    let hits = found["hits"]["hits"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let ids = hits.iter().map(|hit| hit["_id"].as_str().map(str::parse));
    ids.map(|id| id.expect("an id").expect("a number"))
        .collect()
}

fn words(text: &str) -> Json {
    json!({"query": {"multi_match": {"query": text, "fields": ["name", "description"]}}, "sort": ["id"]})
}

#[test]
fn a_table_written_in_sql_is_found_by_sql_and_over_http() {
    let mut server = Server::start();
    let mut sql = server.postgres();
    sql.batch_execute(TABLE).unwrap();
    assert_eq!(by_sql(&mut sql, "products @@@ 'shoes'"), [1, 2]);
    assert_eq!(by_http(&server, &words("shoes")), [1, 2]);
    sql.batch_execute("UPDATE products SET name = 'Red boot', description = 'Warm' WHERE id = 1")
        .unwrap();
    assert_eq!(by_sql(&mut sql, "products @@@ 'shoes'"), [2]);
    assert_eq!(by_http(&server, &words("warm")), [1, 3]);
    server.kill();
    server.start_again();
    let mut sql = server.postgres();
    assert_eq!(by_sql(&mut sql, "products @@@ 'shoes OR warm'"), [1, 2, 3]);
    assert_eq!(by_http(&server, &words("warm")), [1, 3]);
    sql.batch_execute("DELETE FROM products WHERE id = 3")
        .unwrap();
    assert_eq!(by_sql(&mut sql, "products @@@ 'warm'"), [1]);
    assert_eq!(by_http(&server, &words("warm")), [1]);
    // Lost altogether, it is built anew.
    server.kill();
    std::fs::remove_dir_all(server.data().join("search")).unwrap();
    server.start_again();
    assert_eq!(by_sql(&mut server.postgres(), "products @@@ 'warm'"), [1]);
    assert_eq!(by_http(&server, &words("warm")), [1]);
}

#[test]
fn columns_are_fields_of_their_types() {
    let server = Server::start();
    server.postgres().batch_execute(TABLE).unwrap();
    let (_, mapping) = asked(&server, "GET", "/products/_mapping", &Json::Null);
    let properties = &mapping["products"]["mappings"]["properties"];
    for (name, kind) in [
        ("id", "long"),
        ("name", "text"),
        ("description", "text"),
        ("price", "double"),
        ("weight", "double"),
        ("stock", "integer"),
        ("sold", "boolean"),
        ("day", "date"),
        ("made", "date"),
        ("seen", "date"),
        ("tag", "keyword"),
        ("code", "keyword"),
    ] {
        assert_eq!(properties[name]["type"], kind, "{name}: {mapping}");
    }
    assert_eq!(properties["name"]["analyzer"], "english");
    assert_eq!(properties["name"]["fields"]["keyword"]["type"], "keyword");
    for (search, expected) in [
        (
            json!({"query": {"range": {"price": {"gte": 20}}}, "sort": [{"price": "desc"}]}),
            vec![3, 2],
        ),
        (
            json!({"query": {"range": {"day": {"lt": "2024-02-01"}}}}),
            vec![1],
        ),
        (
            json!({"query": {"range": {"made": {"gte": "2024-03-01"}}}}),
            vec![3],
        ),
        (json!({"query": {"term": {"sold": true}}}), vec![1]),
        (
            json!({"query": {"term": {"tag": "new"}}, "sort": [{"seen": "desc"}]}),
            vec![2, 1],
        ),
        (
            json!({"query": {"term": {"code": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}}}),
            vec![1],
        ),
        (json!({"sort": [{"name.keyword": "asc"}]}), vec![2, 3, 1]),
        (
            json!({"query": {"query_string": {"query": "name:shoe AND stock:[1 TO 5]"}}}),
            vec![1],
        ),
    ] {
        assert_eq!(by_http(&server, &search), expected, "{search}");
    }
    let sums = json!({"size": 0, "aggs": {"tags": {"terms": {"field": "tag"}}, "sum": {"sum": {"field": "price"}}}});
    let (_, found) = asked(&server, "POST", "/products/_search", &sums);
    assert_eq!(
        found["aggregations"]["tags"]["buckets"][0],
        json!({"key": "new", "doc_count": 2})
    );
    assert_eq!(found["aggregations"]["sum"]["value"], 60.5);
    let query = json!({"query": {"match": {"name": "red"}}});
    assert_eq!(
        asked(&server, "POST", "/products/_count", &query).1["count"],
        2
    );
    let (_, document) = asked(&server, "GET", "/products/_doc/1", &Json::Null);
    assert_eq!(document["_source"]["extra"], json!({"a": 1}), "{document}");
    // What HTTP writes, SQL finds.
    let coat = json!({"name": "Green coat", "price": 5});
    let (status, written) = asked(&server, "PUT", "/products/_doc/9", &coat);
    assert_eq!(status, 201, "{written}");
    assert_eq!(by_sql(&mut server.postgres(), "name @@@ 'coats'"), [9]);
}

#[test]
fn an_index_over_rows_that_were_there_finds_all_of_them() {
    let count: i64 = if full() { 200_000 } else { 5_000 };
    let server = Server::start();
    let mut sql = server.postgres();
    sql.batch_execute("CREATE TABLE t (id bigint PRIMARY KEY, words text)")
        .unwrap();
    sql.execute(
        "INSERT INTO t SELECT n, 'every word ' || (n % 10)::text || CASE n % 7 WHEN 0 THEN ' seventh seventh' ELSE '' END FROM generate_series(1, $1::bigint) n",
        &[&count],
    )
    .unwrap();
    sql.batch_execute("CREATE INDEX ON t USING search (words)")
        .unwrap();
    let found: i64 = sql
        .query_one("SELECT count(*) FROM t WHERE t @@@ 'every'", &[])
        .unwrap()
        .get(0);
    assert_eq!(found, count);
    // Many rows are equally good: their keys decide, whichever way is taken.
    let query = "SELECT id, score() FROM t WHERE t @@@ 'seventh OR 3' ORDER BY score() DESC";
    let first = sql.query(&format!("{query} LIMIT 50"), &[]).unwrap();
    let all = sql.query(&format!("{query}, id"), &[]).unwrap();
    let pair = |row: &postgres::Row| (row.get::<_, i64>(0), row.get::<_, f32>(1).to_bits());
    let wanted: Vec<_> = all.iter().take(50).map(pair).collect();
    assert_eq!(first.iter().map(pair).collect::<Vec<_>>(), wanted);
}
