//! `pg_sequence` and `pg_sequences`: numbers and their limits.

use stele_core::record::value::Value;

use super::super::owner::owner_name;
use super::super::schema::PUBLIC;
use super::super::table::{NULL, virtual_table};

/// Numbers a node takes at once from a sequence.
const CACHE: i64 = 1;

virtual_table!(PG_SEQUENCE = pg_catalog.pg_sequence, 2224, sequence in cx: cx.catalog.sequences() => {
    seqrelid "oid" = sequence.id.0,
    seqtypid "oid" = sequence.ty.oid(),
    seqstart "int8" = sequence.start,
    seqincrement "int8" = sequence.increment,
    seqmax "int8" = sequence.max,
    seqmin "int8" = sequence.min,
    seqcache "int8" = CACHE,
    seqcycle "bool" = false,
});

virtual_table!(PG_SEQUENCES = pg_catalog.pg_sequences, 12048, sequence in cx: cx.catalog.sequences() => {
    schemaname "name" = PUBLIC.name,
    sequencename "name" = &sequence.name,
    sequenceowner "name" = owner_name(),
    data_type "regtype" = Value::Oid(sequence.ty.oid()),
    start_value "int8" = sequence.start,
    min_value "int8" = sequence.min,
    max_value "int8" = sequence.max,
    increment_by "int8" = sequence.increment,
    cycle "bool" = false,
    cache_size "int8" = CACHE,
    last_value "int8" = NULL,
});
