//! What SQL describes and this database does not have: routines, triggers, domains.

use super::super::table::empty_table;

empty_table!(ROUTINES = information_schema.routines, 13377 => {
    specific_catalog "name", specific_schema "name", specific_name "name", routine_catalog "name",
    routine_schema "name", routine_name "name", routine_type "varchar", module_catalog "name",
    module_schema "name", module_name "name", udt_catalog "name", udt_schema "name",
    udt_name "name", data_type "varchar", character_maximum_length "int4",
    character_octet_length "int4", character_set_catalog "name", character_set_schema "name",
    character_set_name "name", collation_catalog "name", collation_schema "name",
    collation_name "name", numeric_precision "int4", numeric_precision_radix "int4",
    numeric_scale "int4", datetime_precision "int4", interval_type "varchar",
    interval_precision "int4", type_udt_catalog "name", type_udt_schema "name",
    type_udt_name "name", scope_catalog "name", scope_schema "name", scope_name "name",
    maximum_cardinality "int4", dtd_identifier "name", routine_body "varchar",
    routine_definition "varchar", external_name "varchar", external_language "varchar",
    parameter_style "varchar", is_deterministic "varchar", sql_data_access "varchar",
    is_null_call "varchar", sql_path "varchar", schema_level_routine "varchar",
    max_dynamic_result_sets "int4", is_user_defined_cast "varchar",
    is_implicitly_invocable "varchar", security_type "varchar", to_sql_specific_catalog "name",
    to_sql_specific_schema "name", to_sql_specific_name "name", as_locator "varchar",
    created "timestamptz", last_altered "timestamptz", new_savepoint_level "varchar",
    is_udt_dependent "varchar", result_cast_from_data_type "varchar",
    result_cast_as_locator "varchar", result_cast_char_max_length "int4",
    result_cast_char_octet_length "int4", result_cast_char_set_catalog "name",
    result_cast_char_set_schema "name", result_cast_char_set_name "name",
    result_cast_collation_catalog "name", result_cast_collation_schema "name",
    result_cast_collation_name "name", result_cast_numeric_precision "int4",
    result_cast_numeric_precision_radix "int4", result_cast_numeric_scale "int4",
    result_cast_datetime_precision "int4", result_cast_interval_type "varchar",
    result_cast_interval_precision "int4", result_cast_type_udt_catalog "name",
    result_cast_type_udt_schema "name", result_cast_type_udt_name "name",
    result_cast_scope_catalog "name", result_cast_scope_schema "name",
    result_cast_scope_name "name", result_cast_maximum_cardinality "int4",
    result_cast_dtd_identifier "name",
});

empty_table!(PARAMETERS = information_schema.parameters, 13334 => {
    specific_catalog "name", specific_schema "name", specific_name "name",
    ordinal_position "int4", parameter_mode "varchar", is_result "varchar", as_locator "varchar",
    parameter_name "name", data_type "varchar", character_maximum_length "int4",
    character_octet_length "int4", character_set_catalog "name", character_set_schema "name",
    character_set_name "name", collation_catalog "name", collation_schema "name",
    collation_name "name", numeric_precision "int4", numeric_precision_radix "int4",
    numeric_scale "int4", datetime_precision "int4", interval_type "varchar",
    interval_precision "int4", udt_catalog "name", udt_schema "name", udt_name "name",
    scope_catalog "name", scope_schema "name", scope_name "name", maximum_cardinality "int4",
    dtd_identifier "name", parameter_default "varchar",
});

empty_table!(TRIGGERS = information_schema.triggers, 13440 => {
    trigger_catalog "name", trigger_schema "name", trigger_name "name",
    event_manipulation "varchar", event_object_catalog "name", event_object_schema "name",
    event_object_table "name", action_order "int4", action_condition "varchar",
    action_statement "varchar", action_orientation "varchar", action_timing "varchar",
    action_reference_old_table "name", action_reference_new_table "name",
    action_reference_old_row "name", action_reference_new_row "name", created "timestamptz",
});

empty_table!(DOMAINS = information_schema.domains, 13320 => {
    domain_catalog "name", domain_schema "name", domain_name "name", data_type "varchar",
    character_maximum_length "int4", character_octet_length "int4", character_set_catalog "name",
    character_set_schema "name", character_set_name "name", collation_catalog "name",
    collation_schema "name", collation_name "name", numeric_precision "int4",
    numeric_precision_radix "int4", numeric_scale "int4", datetime_precision "int4",
    interval_type "varchar", interval_precision "int4", domain_default "varchar",
    udt_catalog "name", udt_schema "name", udt_name "name", scope_catalog "name",
    scope_schema "name", scope_name "name", maximum_cardinality "int4", dtd_identifier "name",
});

empty_table!(USER_DEFINED_TYPES = information_schema.user_defined_types, 13463 => {
    user_defined_type_catalog "name", user_defined_type_schema "name",
    user_defined_type_name "name", user_defined_type_category "varchar",
    is_instantiable "varchar", is_final "varchar", ordering_form "varchar",
    ordering_category "varchar", ordering_routine_catalog "name", ordering_routine_schema "name",
    ordering_routine_name "name", reference_type "varchar", data_type "varchar",
    character_maximum_length "int4", character_octet_length "int4", character_set_catalog "name",
    character_set_schema "name", character_set_name "name", collation_catalog "name",
    collation_schema "name", collation_name "name", numeric_precision "int4",
    numeric_precision_radix "int4", numeric_scale "int4", datetime_precision "int4",
    interval_type "varchar", interval_precision "int4", source_dtd_identifier "name",
    ref_dtd_identifier "name",
});

empty_table!(DOMAIN_CONSTRAINTS = information_schema.domain_constraints, 13310 => {
    constraint_catalog "name", constraint_schema "name", constraint_name "name",
    domain_catalog "name", domain_schema "name", domain_name "name", is_deferrable "varchar",
    initially_deferred "varchar",
});

empty_table!(CHECK_CONSTRAINT_ROUTINE_USAGE = information_schema.check_constraint_routine_usage, 13255 => {
    constraint_catalog "name", constraint_schema "name", constraint_name "name",
    specific_catalog "name", specific_schema "name", specific_name "name",
});

empty_table!(COLUMN_DOMAIN_USAGE = information_schema.column_domain_usage, 13280 => {
    domain_catalog "name", domain_schema "name", domain_name "name", table_catalog "name",
    table_schema "name", table_name "name", column_name "name",
});

empty_table!(COLUMN_UDT_USAGE = information_schema.column_udt_usage, 13290 => {
    udt_catalog "name", udt_schema "name", udt_name "name", table_catalog "name",
    table_schema "name", table_name "name", column_name "name",
});

empty_table!(TRIGGERED_UPDATE_COLUMNS = information_schema.triggered_update_columns, 13435 => {
    trigger_catalog "name", trigger_schema "name", trigger_name "name",
    event_object_catalog "name", event_object_schema "name", event_object_table "name",
    event_object_column "name",
});

empty_table!(VIEW_COLUMN_USAGE = information_schema.view_column_usage, 13468 => {
    view_catalog "name", view_schema "name", view_name "name", table_catalog "name",
    table_schema "name", table_name "name", column_name "name",
});

empty_table!(VIEW_ROUTINE_USAGE = information_schema.view_routine_usage, 13473 => {
    table_catalog "name", table_schema "name", table_name "name", specific_catalog "name",
    specific_schema "name", specific_name "name",
});

empty_table!(FOREIGN_TABLES = information_schema.foreign_tables, 13541 => {
    foreign_table_catalog "name", foreign_table_schema "name", foreign_table_name "name",
    foreign_server_catalog "name", foreign_server_name "name",
});

empty_table!(FOREIGN_SERVERS = information_schema.foreign_servers, 13528 => {
    foreign_server_catalog "name", foreign_server_name "name",
    foreign_data_wrapper_catalog "name", foreign_data_wrapper_name "name",
    foreign_server_type "varchar", foreign_server_version "varchar",
    authorization_identifier "name",
});

empty_table!(USER_MAPPINGS = information_schema.user_mappings, 13555 => {
    authorization_identifier "name", foreign_server_catalog "name", foreign_server_name "name",
});

empty_table!(ATTRIBUTES = information_schema.attributes, 13245 => {
    udt_catalog "name", udt_schema "name", udt_name "name", attribute_name "name",
    ordinal_position "int4", attribute_default "varchar", is_nullable "varchar",
    data_type "varchar", character_maximum_length "int4", character_octet_length "int4",
    character_set_catalog "name", character_set_schema "name", character_set_name "name",
    collation_catalog "name", collation_schema "name", collation_name "name",
    numeric_precision "int4", numeric_precision_radix "int4", numeric_scale "int4",
    datetime_precision "int4", interval_type "varchar", interval_precision "int4",
    attribute_udt_catalog "name", attribute_udt_schema "name", attribute_udt_name "name",
    scope_catalog "name", scope_schema "name", scope_name "name", maximum_cardinality "int4",
    dtd_identifier "name", is_derived_reference_attribute "varchar",
});

empty_table!(ROUTINE_PRIVILEGES = information_schema.routine_privileges, 13353 => {
    grantor "name", grantee "name", specific_catalog "name", specific_schema "name",
    specific_name "name", routine_catalog "name", routine_schema "name", routine_name "name",
    privilege_type "varchar", is_grantable "varchar",
});

empty_table!(UDT_PRIVILEGES = information_schema.udt_privileges, 13445 => {
    grantor "name", grantee "name", udt_catalog "name", udt_schema "name", udt_name "name",
    privilege_type "varchar", is_grantable "varchar",
});

empty_table!(ROLE_COLUMN_GRANTS = information_schema.role_column_grants, 13344 => {
    grantor "name", grantee "name", table_catalog "name", table_schema "name", table_name "name",
    column_name "name", privilege_type "varchar", is_grantable "varchar",
});
