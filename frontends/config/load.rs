//! Reading settings: the file, then the environment, then the flags; the last one wins.

use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use toml::de::{DeTable, DeValue};

use super::Settings;
use super::keys::{KEYS, find};
use super::nearest::nearest;

/// A misspelt variable is refused, a stranger's is not ours: the difference, in edits.
const SLIP_EDITS_MAX: usize = 2;

/// Variables that are not settings.
const OTHER_VARIABLES: [&str; 1] = ["STELE_CONFIG"];

/// One flag for every setting, and `--config`.
pub fn flags() -> Vec<Arg> {
    let settings = Settings::default();
    let mut flags: Vec<Arg> = KEYS
        .iter()
        .map(|key| {
            let default = (key.get)(&settings);
            let default = match default.as_str() {
                "" => String::new(),
                default => format!(" [default: {default}]"),
            };
            let help = format!("{}{default} [env: {}]", key.help, key.variable());
            Arg::new(key.name)
                .long(key.flag())
                .value_name(key.value_name)
                .help(help)
        })
        .collect();
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .env("STELE_CONFIG");
    flags.push(config.help("A TOML file of settings; config/stele.toml lists them all."));
    flags
}

/// The settings of this process, or a sentence about the first one that is wrong.
pub fn load(
    matches: &ArgMatches,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Settings, String> {
    let mut settings = Settings::default();
    if let Some(path) = matches.get_one::<String>("config") {
        let text =
            std::fs::read_to_string(Path::new(path)).map_err(|error| format!("{path}: {error}"))?;
        from_text(&mut settings, path, &text)?;
    }
    from_environment(&mut settings, environment)?;
    from_flags(&mut settings, matches)?;
    check(&settings)?;
    Ok(settings)
}

/// Sets what the TOML text says. `path` is for the error's sake.
pub fn from_text(settings: &mut Settings, path: &str, text: &str) -> Result<(), String> {
    let document = DeTable::parse(text).map_err(|error| format!("{path}: {error}"))?;
    for (name, value) in document.get_ref() {
        let place = format!("{path}:{}", line_of(text, name.span().start));
        let known = KEYS.iter().map(|key| key.name);
        let key = find(name.get_ref()).ok_or_else(|| unknown(&place, name.get_ref(), known))?;
        let value = as_text(value.get_ref())
            .ok_or_else(|| format!("{place}: {}: expected a string or a number", key.name))?;
        (key.set)(settings, &value)
            .map_err(|expected| format!("{place}: {}: {expected}", key.name))?;
    }
    Ok(())
}

fn from_environment(
    settings: &mut Settings,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<(), String> {
    let names: Vec<String> = KEYS.iter().map(|key| key.variable()).collect();
    for (name, value) in environment.filter(|(name, _)| name.starts_with("STELE_")) {
        if let Some(key) = KEYS.iter().find(|key| key.variable() == name) {
            (key.set)(settings, &value).map_err(|expected| format!("{name}: {expected}"))?;
        } else if !OTHER_VARIABLES.contains(&name.as_str()) {
            match nearest(&name, names.iter().map(String::as_str)) {
                Some((slip, edits)) if edits <= SLIP_EDITS_MAX => {
                    return Err(format!(
                        "environment: unknown variable {name}; did you mean {slip}?"
                    ));
                }
                _ => tracing::warn!(
                    name,
                    "an environment variable that is no setting was ignored"
                ),
            }
        }
    }
    Ok(())
}

fn from_flags(settings: &mut Settings, matches: &ArgMatches) -> Result<(), String> {
    for key in KEYS
        .iter()
        .filter(|key| matches.value_source(key.name) == Some(ValueSource::CommandLine))
    {
        if let Some(value) = matches.get_one::<String>(key.name) {
            (key.set)(settings, value)
                .map_err(|expected| format!("--{}: {expected}", key.flag()))?;
        }
    }
    Ok(())
}

/// What one value alone cannot say.
fn check(settings: &Settings) -> Result<(), String> {
    if !settings.partition_count.is_power_of_two() || settings.partition_count > 16_384 {
        return Err("partition_count: expected a power of two from 1 to 16384".to_string());
    }
    if settings.client_count_max == 0 {
        return Err("client_count_max: expected at least 1".to_string());
    }
    Ok(())
}

fn unknown<'a>(place: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some((near, _)) => format!("{place}: unknown key `{name}`; the nearest is `{near}`"),
        None => format!("{place}: unknown key `{name}`"),
    }
}

/// A value's text; numbers in any TOML spelling of base ten.
fn as_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_string()),
        _ => None,
    }
}

/// The 1-based line of a byte.
fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
#[path = "load_test.rs"]
mod tests;
