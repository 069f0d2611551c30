//! `sequences`: SQL's view of them.

use super::super::schema::PUBLIC;
use super::super::table::virtual_table;
use super::facts::facts;

virtual_table!(SEQUENCES = information_schema.sequences, 13386, (sequence, database) in cx: cx.catalog.sequences().map(|sequence| (sequence, cx.database)).collect::<Vec<_>>() => {
    sequence_catalog "name" = database,
    sequence_schema "name" = PUBLIC.name,
    sequence_name "name" = &sequence.name,
    data_type "varchar" = sequence.ty.sql_name(),
    numeric_precision "int4" = facts(&sequence.ty.clone().into()).precision,
    numeric_precision_radix "int4" = 2_i32,
    numeric_scale "int4" = 0_i32,
    start_value "varchar" = sequence.start.to_string(),
    minimum_value "varchar" = sequence.min.to_string(),
    maximum_value "varchar" = sequence.max.to_string(),
    increment "varchar" = sequence.increment.to_string(),
    cycle_option "varchar" = "NO",
});
