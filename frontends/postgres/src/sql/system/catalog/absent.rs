//! What PostgreSQL lists and this database does not have: policies, triggers, foreign
//! tables, extensions, text search. Clients ask for them and must find none.

use super::super::table::empty_table;

empty_table!(PG_INHERITS = pg_catalog.pg_inherits, 2611 => {
    inhrelid "oid", inhparent "oid", inhseqno "int4", inhdetachpending "bool",
});

empty_table!(PG_TRIGGER = pg_catalog.pg_trigger, 2620 => {
    oid "oid", tgrelid "oid", tgparentid "oid", tgname "name", tgfoid "oid", tgtype "int2",
    tgenabled "\"char\"", tgisinternal "bool", tgconstrrelid "oid", tgconstrindid "oid",
    tgconstraint "oid", tgdeferrable "bool", tginitdeferred "bool", tgnargs "int2",
    tgattr "int2vector", tgargs "bytea", tgqual "text", tgoldtable "name", tgnewtable "name",
});

empty_table!(PG_POLICY = pg_catalog.pg_policy, 3256 => {
    oid "oid", polname "name", polrelid "oid", polcmd "\"char\"", polpermissive "bool",
    polroles "oid[]", polqual "text", polwithcheck "text",
});

empty_table!(PG_POLICIES = pg_catalog.pg_policies, 12018 => {
    schemaname "name", tablename "name", policyname "name", permissive "text", roles "name[]",
    cmd "text", qual "text", with_check "text",
});

empty_table!(PG_CONVERSION = pg_catalog.pg_conversion, 2607 => {
    oid "oid", conname "name", connamespace "oid", conowner "oid", conforencoding "int4",
    contoencoding "int4", conproc "regproc", condefault "bool",
});

empty_table!(PG_EXTENSION = pg_catalog.pg_extension, 3079 => {
    oid "oid", extname "name", extowner "oid", extnamespace "oid", extrelocatable "bool",
    extversion "text", extconfig "oid[]", extcondition "text[]",
});

empty_table!(PG_AVAILABLE_EXTENSIONS = pg_catalog.pg_available_extensions, 12081 => {
    name "name", default_version "text", installed_version "text", comment "text",
});

empty_table!(PG_PREPARED_XACTS = pg_catalog.pg_prepared_xacts, 12090 => {
    transaction "xid", gid "text", prepared "timestamptz", owner "name", database "name",
});

empty_table!(PG_ENUM = pg_catalog.pg_enum, 3501 => {
    oid "oid", enumtypid "oid", enumsortorder "float4", enumlabel "name",
});

empty_table!(PG_RANGE = pg_catalog.pg_range, 3541 => {
    rngtypid "oid", rngsubtype "oid", rngmultitypid "oid", rngcollation "oid", rngsubopc "oid",
    rngcanonical "regproc", rngsubdiff "regproc",
});

empty_table!(PG_PUBLICATION_NAMESPACE = pg_catalog.pg_publication_namespace, 6237 => {
    oid "oid", pnpubid "oid", pnnspid "oid",
});

empty_table!(PG_FOREIGN_TABLE = pg_catalog.pg_foreign_table, 3118 => {
    ftrelid "oid", ftserver "oid", ftoptions "text[]",
});

empty_table!(PG_FOREIGN_SERVER = pg_catalog.pg_foreign_server, 1417 => {
    oid "oid", srvname "name", srvowner "oid", srvfdw "oid", srvtype "text", srvversion "text",
    srvacl "text[]", srvoptions "text[]",
});

empty_table!(PG_FOREIGN_DATA_WRAPPER = pg_catalog.pg_foreign_data_wrapper, 2328 => {
    oid "oid", fdwname "name", fdwowner "oid", fdwhandler "oid", fdwvalidator "oid",
    fdwacl "text[]", fdwoptions "text[]",
});

empty_table!(PG_USER_MAPPING = pg_catalog.pg_user_mapping, 1418 => {
    oid "oid", umuser "oid", umserver "oid", umoptions "text[]",
});

empty_table!(PG_USER_MAPPINGS = pg_catalog.pg_user_mappings, 12327 => {
    umid "oid", srvid "oid", srvname "name", umuser "oid", usename "name", umoptions "text[]",
});

empty_table!(PG_PARTITIONED_TABLE = pg_catalog.pg_partitioned_table, 3350 => {
    partrelid "oid", partstrat "\"char\"", partnatts "int2", partdefid "oid",
    partattrs "int2vector", partclass "oidvector", partcollation "oidvector", partexprs "text",
});

empty_table!(PG_REWRITE = pg_catalog.pg_rewrite, 2618 => {
    oid "oid", rulename "name", ev_class "oid", ev_type "\"char\"", ev_enabled "\"char\"",
    is_instead "bool", ev_qual "text", ev_action "text",
});

empty_table!(PG_RULES = pg_catalog.pg_rules, 12023 => {
    schemaname "name", tablename "name", rulename "name", definition "text",
});

empty_table!(PG_EVENT_TRIGGER = pg_catalog.pg_event_trigger, 3466 => {
    oid "oid", evtname "name", evtevent "name", evtowner "oid", evtfoid "oid",
    evtenabled "\"char\"", evttags "text[]",
});

empty_table!(PG_DEFAULT_ACL = pg_catalog.pg_default_acl, 826 => {
    oid "oid", defaclrole "oid", defaclnamespace "oid", defaclobjtype "\"char\"",
    defaclacl "text[]",
});

empty_table!(PG_INIT_PRIVS = pg_catalog.pg_init_privs, 3394 => {
    objoid "oid", classoid "oid", objsubid "int4", privtype "\"char\"", initprivs "text[]",
});

empty_table!(PG_SECLABEL = pg_catalog.pg_seclabel, 3596 => {
    objoid "oid", classoid "oid", objsubid "int4", provider "text", label "text",
});

empty_table!(PG_SECLABELS = pg_catalog.pg_seclabels, 12099 => {
    objoid "oid", classoid "oid", objsubid "int4", objtype "text", objnamespace "oid",
    objname "text", provider "text", label "text",
});

empty_table!(PG_LARGEOBJECT = pg_catalog.pg_largeobject, 2613 => {
    loid "oid", pageno "int4", data "bytea",
});

empty_table!(PG_LARGEOBJECT_METADATA = pg_catalog.pg_largeobject_metadata, 2995 => {
    oid "oid", lomowner "oid", lomacl "text[]",
});

empty_table!(PG_SUBSCRIPTION = pg_catalog.pg_subscription, 6100 => {
    oid "oid", subdbid "oid", subskiplsn "text", subname "name", subowner "oid",
    subenabled "bool", subbinary "bool", substream "bool", subtwophasestate "\"char\"",
    subdisableonerr "bool", subconninfo "text", subslotname "name", subsynccommit "text",
    subpublications "text[]",
});

empty_table!(PG_SUBSCRIPTION_REL = pg_catalog.pg_subscription_rel, 6102 => {
    srsubid "oid", srrelid "oid", srsubstate "\"char\"", srsublsn "text",
});

empty_table!(PG_TRANSFORM = pg_catalog.pg_transform, 3576 => {
    oid "oid", trftype "oid", trflang "oid", trffromsql "regproc", trftosql "regproc",
});

empty_table!(PG_TS_CONFIG = pg_catalog.pg_ts_config, 3602 => {
    oid "oid", cfgname "name", cfgnamespace "oid", cfgowner "oid", cfgparser "oid",
});

empty_table!(PG_TS_CONFIG_MAP = pg_catalog.pg_ts_config_map, 3603 => {
    mapcfg "oid", maptokentype "int4", mapseqno "int4", mapdict "oid",
});

empty_table!(PG_TS_DICT = pg_catalog.pg_ts_dict, 3600 => {
    oid "oid", dictname "name", dictnamespace "oid", dictowner "oid", dicttemplate "oid",
    dictinitoption "text",
});

empty_table!(PG_TS_PARSER = pg_catalog.pg_ts_parser, 3601 => {
    oid "oid", prsname "name", prsnamespace "oid", prsstart "regproc", prstoken "regproc",
    prsend "regproc", prsheadline "regproc", prslextype "regproc",
});

empty_table!(PG_TS_TEMPLATE = pg_catalog.pg_ts_template, 3764 => {
    oid "oid", tmplname "name", tmplnamespace "oid", tmplinit "regproc", tmpllexize "regproc",
});

empty_table!(PG_AMOP = pg_catalog.pg_amop, 2602 => {
    oid "oid", amopfamily "oid", amoplefttype "oid", amoprighttype "oid", amopstrategy "int2",
    amoppurpose "\"char\"", amopopr "oid", amopmethod "oid", amopsortfamily "oid",
});

empty_table!(PG_AMPROC = pg_catalog.pg_amproc, 2603 => {
    oid "oid", amprocfamily "oid", amproclefttype "oid", amprocrighttype "oid", amprocnum "int2",
    amproc "regproc",
});
