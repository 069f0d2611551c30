"""helpers.bulk of many documents, then sixty queries: the same hits in the same order as
tantivy finds without Stele.

    python same_as_tantivy.py HTTP_PORT RAW COUNT

RAW is the program of search/examples/raw. Hits that tantivy scores the same, or so nearly
the same that the order of an addition decides, are in the order of their ids.
"""

import json
import subprocess
import sys
import tempfile

from elasticsearch import Elasticsearch, helpers

port, raw, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
# Scores are sums in single precision.
NEAR = 1e-6
client = Elasticsearch(f"http://127.0.0.1:{port}", request_timeout=120)


def say(*words):
    return subprocess.check_output([raw, *words], text=True)


def near(left, right):
    return abs(left - right) <= NEAR * max(abs(left), abs(right), 1)


def numbers(json, path=""):
    """Every number in it, by where it stands."""
    if isinstance(json, bool) or json is None or isinstance(json, str):
        return {}
    if isinstance(json, (int, float)):
        return {path: float(json)}
    items = json.items() if isinstance(json, dict) else enumerate(json)
    return {where: number for key, value in items for where, number in numbers(value, f"{path}/{key}").items()}


def compare_hits(case, answer):
    name, body = case["name"], case["body"]
    size = body.get("size", 10)
    expected, hits = case["hits"], answer["hits"]["hits"]
    assert answer["hits"]["total"] == {"value": case["total"], "relation": "eq"}, (name, answer["hits"]["total"], case["total"])
    assert len(hits) == min(size, len(expected)), (name, len(hits), len(expected))
    scores = dict(expected)
    for place, hit in enumerate(hits):
        assert hit["_id"] in scores, (name, place, hit["_id"], "is none of tantivy's hits")
        id, score = expected[place]
        if "sort" in body:
            assert hit["_id"] == id, (name, place, hit["_id"], id)
            continue
        assert near(hit["_score"], scores[hit["_id"]]), (name, hit["_id"], hit["_score"], scores[hit["_id"]])
        assert hit["_id"] == id or near(score, scores[hit["_id"]]), (name, place, hit["_id"], id)
    assert len({hit["_id"] for hit in hits}) == len(hits), name
    return sum(hit["_id"] == id for hit, (id, _) in zip(hits, expected)), len(hits)


def compare_aggregations(case, answer):
    expected, found = numbers(case["aggregations"]), numbers(answer.get("aggregations"))
    assert expected, case["name"]
    for where, number in expected.items():
        assert where in found, (case["name"], where, "is missing")
        assert near(found[where], number), (case["name"], where, found[where], number)
    return len(expected)


with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
    file.write(say("documents", str(count)))
    file.flush()
    documents = [json.loads(line) for line in open(file.name)]
    assert len(documents) == count
    client.indices.create(index="shop", body=json.loads(say("mapping")))
    client.indices.refresh(index="shop")
    actions = ({"_index": "shop", "_id": document["id"], "_source": document["source"]} for document in documents)
    written, errors = helpers.bulk(client, actions, chunk_size=1000, refresh=True)
    assert (written, errors) == (count, []), (written, errors[:3])
    cases = [json.loads(line) for line in say("answers", file.name).splitlines()]

assert len(cases) >= 60, len(cases)
empty, in_place, places, values = [], 0, 0, 0
for case in cases:
    answer = client.perform_request("POST", "/shop/_search?track_total_hits=true", headers={"accept": "application/json", "content-type": "application/json"}, body=case["body"]).body
    assert answer["timed_out"] is False
    if case["aggregations"] is not None:
        values += compare_aggregations(case, answer)
        continue
    exact, shown = compare_hits(case, answer)
    in_place, places = in_place + exact, places + shown
    if not shown:
        empty.append(case["name"])

# A query that finds nothing compares nothing.
assert not empty, empty
print(f"{count} documents, {len(cases)} queries: {in_place} of {places} hits in the same place, the others between equals; {values} aggregated values the same; found nothing: {empty}")
