//! The file, the environment and the flags, each refusing what it does not know.

use super::*;
use clap::Command;
use std::net::IpAddr;

fn parse(flags_given: &[&str], environment: &[(&str, &str)]) -> Result<Settings, String> {
    let command = Command::new("serve").no_binary_name(true).args(flags());
    let matches = command
        .try_get_matches_from(flags_given)
        .map_err(|error| error.to_string())?;
    load(
        &matches,
        environment
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string())),
    )
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "redis_port = 1\npostgres_port = 1\nhttp_port = 1_000\nfsync = 'off'\n",
    )
    .unwrap();
    let environment = [
        ("STELE_REDIS_PORT", "2"),
        ("STELE_POSTGRES_PORT", "2"),
        ("PATH", "x"),
    ];
    let path = file.path().to_str().unwrap();
    let settings = parse(&["--config", path, "--redis-port", "3"], &environment).unwrap();
    let ports = [
        settings.redis_port,
        settings.postgres_port,
        settings.http_port,
        settings.nats_port,
    ];
    assert_eq!(ports, [3, 2, 1000, 4222]);
    assert_eq!(settings.fsync, stele_core::record::Fsync::Off);
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_name() {
    let mut settings = Settings::default();
    let error = from_text(&mut settings, "a.toml", "bind = '::1'\n\nredis_prot = 1\n").unwrap_err();
    assert_eq!(
        error,
        "a.toml:3: unknown key `redis_prot`; the nearest is `redis_port`"
    );
}

#[test]
fn a_wrong_value_is_refused_with_what_was_expected() {
    let mut settings = Settings::default();
    let error = from_text(&mut settings, "a.toml", "fsync = 'maybe'").unwrap_err();
    assert_eq!(error, "a.toml:1: fsync: expected always, everysec or off");
    let error = from_text(&mut settings, "a.toml", "redis_port = 70000").unwrap_err();
    assert_eq!(
        error,
        "a.toml:1: redis_port: expected a number from 0 to 65535"
    );
    let error = from_text(&mut settings, "a.toml", "[redis_port]\nx = 1").unwrap_err();
    assert!(error.contains("expected a string or a number"), "{error}");
}

#[test]
fn a_misspelt_variable_is_refused_and_a_strangers_is_not() {
    let error = parse(&[], &[("STELE_REDIS_PROT", "1")]).unwrap_err();
    assert_eq!(
        error,
        "environment: unknown variable STELE_REDIS_PROT; did you mean STELE_REDIS_PORT?"
    );
    assert!(parse(&[], &[("STELE_SERVICE_HOST", "10.0.0.1")]).is_ok());
}

#[test]
fn an_unknown_flag_is_refused_with_the_nearest_name() {
    let error = parse(&["--redis-prot", "1"], &[]).unwrap_err();
    assert!(error.contains("--redis-port"), "{error}");
}

#[test]
fn localhost_is_an_address_and_partitions_are_a_power_of_two() {
    assert_eq!(
        parse(&["--bind", "localhost"], &[]).unwrap().bind,
        "127.0.0.1".parse::<IpAddr>().unwrap()
    );
    assert!(parse(&["--partition-count", "3"], &[]).is_err());
}
