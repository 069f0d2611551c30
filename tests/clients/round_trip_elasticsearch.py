"""elasticsearch-py makes indexes, writes, reads and searches; what psql writes is found."""

import sys
import time

from elasticsearch import (
    ApiError,
    BadRequestError,
    ConflictError,
    Elasticsearch,
    NotFoundError,
    helpers,
)

# Ports of the redis, postgres, nats and http doors; a bare address of the last alone.
address = sys.argv[1] if sys.argv[1].startswith("http") else f"http://127.0.0.1:{sys.argv[4]}"
client = Elasticsearch(address, request_timeout=60)


def refused(error, call, **arguments):
    try:
        call(**arguments)
    except error as found:
        return found
    raise AssertionError(f"{call} was not refused: {arguments}")


def found(index="products", **request):
    return [hit["_id"] for hit in client.search(index=index, **request)["hits"]["hits"]]


assert client.ping() and client.info()["tagline"] == "You Know, for Search"
assert client.cluster.health()["status"] == "green"

# An index with a mapping is a table.
mappings = {
    "properties": {
        "name": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
        "text": {"type": "text", "analyzer": "english"},
        "price": {"type": "double"},
        "stock": {"type": "integer"},
        "tags": {"type": "keyword"},
        "sold": {"type": "boolean"},
        "since": {"type": "date"},
        "maker": {"properties": {"city": {"type": "keyword"}}},
    }
}
created = client.indices.create(index="products", mappings=mappings)
assert created["acknowledged"] and client.indices.exists(index="products")
assert not client.indices.exists(index="nothing")
assert client.indices.get_mapping(index="products")["products"]["mappings"] == mappings
assert refused(BadRequestError, client.indices.create, index="products").error == "resource_already_exists_exception"
assert refused(BadRequestError, client.indices.create, index="Wrong").error == "invalid_index_name_exception"
assert refused(NotFoundError, client.indices.get, index="nothing").error == "index_not_found_exception"

# Documents come back as they were sent.
shoe = {
    "name": "Red running shoe",
    "text": "A light shoe for running fast, on roads and on tracks",
    "price": 79.90,
    "stock": 12,
    "tags": ["shoe", "red"],
    "sold": False,
    "since": "2024-03-01T10:00:00Z",
    "maker": {"city": "Oslo"},
    "extra": None,
}
answer = client.index(index="products", id="1", document=shoe, refresh=True)
assert answer["result"] == "created" and answer["_shards"]["failed"] == 0, answer
got = client.get(index="products", id="1")
assert got["_source"] == shoe and list(got["_source"]) == list(shoe)
assert (got["_seq_no"], got["_primary_term"]) == (answer["_seq_no"], answer["_primary_term"])
assert client.exists(index="products", id="1") and not client.exists(index="products", id="2")
assert refused(NotFoundError, client.get, index="products", id="2").body["found"] is False
assert client.get_source(index="products", id="1") == shoe
assert client.get(index="products", id="1", source_includes=["maker.city", "price"])["_source"] == {
    "price": 79.90,
    "maker": {"city": "Oslo"},
}

# Versions: only who knows the last one may write.
answer = client.index(
    index="products", id="1", document=shoe, if_seq_no=answer["_seq_no"], if_primary_term=answer["_primary_term"]
)
assert answer["result"] == "updated"
stale = dict(if_seq_no=got["_seq_no"], if_primary_term=got["_primary_term"])
refused(ConflictError, client.index, index="products", id="1", document=shoe, **stale)
refused(ConflictError, client.create, index="products", id="1", document=shoe)
refused(ConflictError, client.delete, index="products", id="1", **stale)

# Updates.
assert client.update(index="products", id="1", doc={"stock": 11})["result"] == "updated"
assert client.update(index="products", id="1", doc={"stock": 11})["result"] == "noop"
assert client.get(index="products", id="1")["_source"] == {**shoe, "stock": 11}
refused(NotFoundError, client.update, index="products", id="9", doc={"stock": 1})
assert client.update(index="products", id="9", doc={"name": "new"}, doc_as_upsert=True)["result"] == "created"
assert client.update(index="products", id="8", doc={"name": "x"}, upsert={"name": "y"})["result"] == "created"
assert client.get_source(index="products", id="8") == {"name": "y"}
refused(BadRequestError, client.update, index="products", id="1", script={"source": "1"})
assert client.delete(index="products", id="9")["result"] == "deleted"
client.delete(index="products", id="8")
assert refused(NotFoundError, client.delete, index="products", id="9").body["result"] == "not_found"
error = refused(BadRequestError, client.index, index="products", id="7", document={"stock": "many"})
assert error.error == "document_parsing_exception", error

# Bulk: each item has its own outcome.
more = [
    ("2", {"name": "Blue running shoe", "text": "Runs well in rain", "price": 99.5, "stock": 3, "tags": ["shoe", "blue"], "sold": True, "since": "2024-04-01", "maker": {"city": "Bergen"}}),
    ("3", {"name": "Red hat", "text": "A hat against the sun, and a hat against the rain", "price": 19, "stock": 40, "tags": ["hat", "red"], "sold": False, "since": "2024-05-15", "maker": {"city": "Oslo"}}),
    ("4", {"name": "Green scarf", "text": "Warm and long", "price": 25.0, "stock": 0, "tags": "scarf", "sold": True, "since": "2023-12-24"}),
]
count, errors = helpers.bulk(
    client,
    [{"_index": "products", "_id": id, "_source": document} for id, document in more]
    + [{"_index": "products", "_id": "bad", "_source": {"price": "cheap"}}],
    raise_on_error=False,
    refresh="wait_for",
)
assert count == 3 and len(errors) == 1 and errors[0]["index"]["status"] == 400, (count, errors)
docs = client.mget(index="products", ids=["3", "nothing", "4"])["docs"]
assert [doc["found"] for doc in docs] == [True, False, True] and docs[0]["_source"] == more[1][1]

# Queries.
every = {"1", "2", "3", "4"}
assert set(found(query={"match_all": {}})) == every and client.count(index="products")["count"] == 4
for expected, query in [
    (["2", "1"], {"match": {"name": "running blue shoe"}}),
    (["2"], {"match": {"name": {"query": "running blue", "operator": "and"}}}),
    (["1", "2"], {"match": {"text": "run"}}),
    (["1", "2"], {"match": {"name": {"query": "runing", "fuzziness": "AUTO"}}}),
    (["1"], {"match_phrase": {"name": "red running"}}),
    ([], {"match_phrase": {"name": "running red"}}),
    (["1"], {"match_phrase_prefix": {"name": "red run"}}),
    (["1", "2"], {"multi_match": {"query": "shoe", "fields": ["name^2", "tags"]}}),
    (["1", "3"], {"term": {"tags": "red"}}),
    (["4"], {"term": {"tags": {"value": "SCARF", "case_insensitive": True}}}),
    (["1"], {"term": {"name.raw": "Red running shoe"}}),
    (["2", "4"], {"term": {"sold": True}}),
    (["2", "4"], {"terms": {"tags": ["blue", "scarf"]}}),
    (["3", "4"], {"range": {"price": {"lt": 79.9}}}),
    (["1", "2"], {"range": {"since": {"gte": "2024-03", "lt": "2024-04-01||+1d"}}}),
    (["3"], {"term": {"since": "2024-05-15"}}),
    (["1", "2", "3"], {"exists": {"field": "maker"}}),
    (["1", "3"], {"prefix": {"maker.city": "Os"}}),
    (["2"], {"wildcard": {"maker.city": "B*g?n"}}),
    (["2"], {"regexp": {"maker.city": "Ber.*"}}),
    (["3"], {"fuzzy": {"tags": "hut"}}),
    (["1", "4"], {"ids": {"values": ["1", "4", "77"]}}),
    (["3"], {"bool": {"must": {"term": {"tags": "red"}}, "must_not": {"match": {"name": "shoe"}}}}),
    (["1"], {"bool": {"filter": [{"term": {"tags": "red"}}, {"range": {"stock": {"lte": 11}}}]}}),
    (["1", "2"], {"bool": {"should": [{"match": {"name": "running"}}, {"match": {"name": "shoe"}}, {"match": {"name": "hat"}}], "minimum_should_match": 2}}),
    (["2"], {"query_string": {"query": "name:(shoe AND blue) OR maker.city:Paris"}}),
    (["3"], {"query_string": {"query": "+red -shoe", "fields": ["name"]}}),
    (["1", "2"], {"query_string": {"query": "price:[50 TO 100] AND _exists_:stock"}}),
    (["1", "2"], {"dis_max": {"queries": [{"match": {"name": "running"}}, {"match": {"text": "road"}}]}}),
    (["1", "3"], {"constant_score": {"filter": {"term": {"tags": "red"}}}}),
    ([], {"match_none": {}}),
    ([], {"match": {"unmapped": "x"}}),
]:
    ids = found(query=query)
    assert sorted(ids) == sorted(expected), (query, ids)
assert found(query={"match": {"name": "running blue shoe"}}) == ["2", "1"]
for wrong in [{"match": {"name": {"query": "x", "no": 1}}}, {"nested": {"path": "a"}}, {"range": {"stock": {"gt": "x"}}}]:
    refused(BadRequestError, client.search, index="products", query=wrong)
refused(BadRequestError, client.search, index="products", scroll="1m")
refused(BadRequestError, client.search, index="products", from_=9_999, size=10)
refused(BadRequestError, client.search, index="products", sort="name")

# Order, pages, totals.
assert found(sort=[{"price": "desc"}]) == ["2", "1", "4", "3"]
assert found(sort=[{"maker.city": "asc"}, {"price": "asc"}]) == ["2", "3", "1", "4"]
assert found(sort=[{"maker.city": {"order": "asc", "missing": "_first"}}])[0] == "4"
assert found(sort=[{"price": "asc"}], from_=1, size=2) == ["4", "1"]
walked, after = [], None
while True:
    page = client.search(index="products", sort=[{"sold": "asc"}, {"maker.city": "desc"}, {"stock": "asc"}], size=1, search_after=after)
    if not page["hits"]["hits"]:
        break
    walked.append(page["hits"]["hits"][0]["_id"])
    after = page["hits"]["hits"][0]["sort"]
assert walked == ["1", "3", "2", "4"], walked
page = client.search(index="products", sort=[{"since": "asc"}], size=1)["hits"]
assert page["hits"][0]["sort"] == [1703376000000] and page["max_score"] is None and page["hits"][0]["_score"] is None
assert page["total"] == {"value": 4, "relation": "eq"}
assert client.search(index="products", track_total_hits=2)["hits"]["total"] == {"value": 2, "relation": "gte"}
assert "total" not in client.search(index="products", track_total_hits=False)["hits"]
assert client.search(index="products", query={"term": {"tags": "hat"}}, source=["name"])["hits"]["hits"][0]["_source"] == {"name": "Red hat"}
assert "_source" not in client.search(index="products", source=False)["hits"]["hits"][0]

# Highlights.
marked = client.search(index="products", query={"match": {"text": "hat rain"}}, highlight={"fields": {"text": {}}})
by_id = {hit["_id"]: hit["highlight"]["text"] for hit in marked["hits"]["hits"]}
assert by_id["3"] == ["A <em>hat</em> against the sun, and a <em>hat</em> against the <em>rain</em>"], by_id

# Aggregations.
answer = client.search(
    index="products",
    size=0,
    aggs={
        "tags": {"terms": {"field": "tags"}, "aggs": {"price": {"avg": {"field": "price"}}}},
        "price": {"stats": {"field": "price"}},
        "ranges": {"range": {"field": "price", "ranges": [{"to": 50}, {"from": 50}]}},
        "steps": {"histogram": {"field": "stock", "interval": 10}},
        "months": {"date_histogram": {"field": "since", "fixed_interval": "30d"}},
        "cities": {"cardinality": {"field": "maker.city"}},
        "percent": {"percentiles": {"field": "price"}},
        "none": {"terms": {"field": "unmapped"}},
    },
)["aggregations"]
tags = {bucket["key"]: (bucket["doc_count"], bucket["price"]["value"]) for bucket in answer["tags"]["buckets"]}
assert tags["red"] == (2, (79.9 + 19) / 2) and tags["hat"] == (1, 19.0), tags
assert answer["price"]["count"] == 4 and answer["price"]["max"] == 99.5
assert [bucket["doc_count"] for bucket in answer["ranges"]["buckets"]] == [2, 2]
assert sum(bucket["doc_count"] for bucket in answer["months"]["buckets"]) == 4
assert answer["months"]["buckets"][0]["key_as_string"].endswith("T00:00:00.000Z")
assert answer["cities"]["value"] == 2 and answer["none"]["buckets"] == []
for wrong in [{"a": {"terms": {"field": "name"}}}, {"a": {"date_histogram": {"field": "since", "calendar_interval": "month"}}}, {"a": {"derivative": {}}}]:
    refused(BadRequestError, client.search, index="products", aggs=wrong)

# Nothing deleted is found, nothing out of date, without any refresh.
client.delete(index="products", id="4")
assert "4" not in found()
client.index(index="products", id="2", document={**more[0][1], "name": "Blue boat"})
hits = client.search(index="products", query={"match": {"name": "running"}})["hits"]["hits"]
assert all(hit["_source"]["name"] != "Blue running shoe" for hit in hits) and "2" not in [hit["_id"] for hit in hits], hits

# What is written can be found within a second, and at its token at once.
began = time.time()
client.index(index="products", id="5", document={"name": "Yellow submarine"})
while found(query={"match": {"name": "submarine"}}) != ["5"]:
    assert time.time() - began < 2, "not visible within a second"
    time.sleep(0.01)
written = client.index(index="products", id="6", document={"name": "Purple submarine"})
reader = client.options(headers={"x-stele-token": written.meta.headers["x-stele-token"]})
assert [hit["_id"] for hit in reader.search(index="products", query={"match": {"name": "purple"}})["hits"]["hits"]] == ["6"]

# An index that nobody described grows with its documents.
document = {"title": "Hello World", "n": 7, "f": 1.5, "ok": True, "day": "2024-01-02", "deep": {"er": ["x", "y"]}}
client.index(index="notes", id="a b/c", document=document, refresh=True)
assert client.get_source(index="notes", id="a b/c") == document
properties = client.indices.get_mapping(index="notes")["notes"]["mappings"]["properties"]
kinds = {name: field.get("type", "object") for name, field in properties.items()}
assert kinds == {"title": "text", "n": "long", "f": "double", "ok": "boolean", "day": "date", "deep": "object"}, kinds
assert found("notes", query={"term": {"deep.er.keyword": "y"}}) == ["a b/c"]
assert found("notes,products", query={"match": {"title": "hello"}}) == ["a b/c"]
client.indices.put_mapping(index="notes", properties={"lang": {"type": "keyword"}})
refused(BadRequestError, client.indices.put_mapping, index="notes", properties={"n": {"type": "text"}})
unnamed = client.index(index="notes", document={"title": "Second"}, refresh=True)
assert found("notes", q="title:second") == [unnamed["_id"]]
strict = {"dynamic": "strict", "properties": {"a": {"type": "long"}}}
client.indices.create(index="strict", mappings=strict)
assert refused(BadRequestError, client.index, index="strict", document={"b": 1}).error == "strict_dynamic_mapping_exception"

tokens = client.indices.analyze(analyzer="english", text="The running foxes")["tokens"]
assert [token["token"] for token in tokens] == ["run", "fox"]
names = {row["index"] for row in client.cat.indices(format="json")}
assert names == {"products", "notes", "strict"}, names
assert "products" in client.cat.indices() and client.cat.health() and client.cat.nodes()

# Packed bodies, and what is not known.
packed = Elasticsearch(address, http_compress=True)
assert packed.index(index="notes", id="z", document={"title": "packed " * 500})["result"] == "created"
assert refused(BadRequestError, client.perform_request, method="GET", path="/_nothing/here").error == "illegal_argument_exception"
refused(BadRequestError, client.perform_request, method="GET", path="/products/_search?unheard_of=1")
refused(ApiError, client.perform_request, method="PATCH", path="/products")

# The same records through SQL, if there is such a door.
if len(sys.argv) > 4:
    import psycopg

    with psycopg.connect(host="127.0.0.1", port=int(sys.argv[2]), user="stele", dbname="stele", autocommit=True) as sql:
        assert sql.execute("SELECT name, price FROM products WHERE _id = '1'").fetchone() == ("Red running shoe", 79.9)
        sql.execute("INSERT INTO products (_id, name, price) VALUES ('sql', 'Written by psql', 5)")
        client.indices.refresh(index="products")
        hits = client.search(index="products", query={"match": {"name": "psql"}})["hits"]["hits"]
        assert hits[0]["_source"] == {"name": "Written by psql", "price": 5.0}, hits
        sql.execute("UPDATE products SET stock = 2 WHERE _id = '1'")
        assert client.get_source(index="products", id="1") == {**shoe, "stock": 2}
        assert found(query={"term": {"stock": 2}}, sort="price")[:1] in ([], ["1"])
        sql.execute("CREATE TABLE plain (id int PRIMARY KEY, name text NOT NULL, n numeric DEFAULT 1.5)")
        assert client.index(index="plain", id="1", document={"name": "x"})["result"] == "created"
        assert client.get_source(index="plain", id="1") == {"id": 1, "name": "x", "n": 1.5}
        refused(BadRequestError, client.index, index="plain", id="2", document={"n": 1})
        refused(BadRequestError, client.search, index="plain")
        refused(BadRequestError, client.indices.delete, index="plain")

client.indices.delete(index="notes,strict")
assert not client.indices.exists(index="notes")
refused(NotFoundError, client.search, index="notes")
