//! `stele search`: a thin client of the http door that prints what a query finds.

use clap::{Arg, ArgMatches, Command};
use serde_json::Value as Json;

use super::{HTTP, http, print, text};
use crate::cli::Failure;

/// The words of `stele search`.
pub fn words() -> Command {
    Command::new("search")
        .about("Searches an index; prints the best hits, one line each: score, record, document")
        .after_help("As in:\n  stele search products 'red AND shoe'")
        .arg(HTTP.word())
        .arg(
            Arg::new("size")
                .long("size")
                .value_name("N")
                .value_parser(clap::value_parser!(u16).range(1..=10_000))
                .default_value("10")
                .help("How many hits at most"),
        )
        .arg(
            Arg::new("index")
                .value_name("INDEX")
                .required(true)
                .help("A table with a search index; several with commas or *"),
        )
        .arg(
            Arg::new("query")
                .value_name("QUERY")
                .required(true)
                .help("Words, with AND, OR, NOT, \"phrases\", field:word"),
        )
}

/// Runs `stele search`.
pub fn run(words: &ArgMatches) -> Result<(), Failure> {
    let size = words.get_one::<u16>("size").copied().unwrap_or(10);
    let path = format!(
        "/{}/_search?q={}&size={size}",
        http::spelled(text(words, "index"), ",*"),
        http::spelled(text(words, "query"), "")
    );
    let answer = http::ask(HTTP.address(words), "GET", &path, "")?;
    let hits = answer.pointer("/hits/hits").and_then(Json::as_array);
    let hits = hits.map(Vec::as_slice).unwrap_or_default();
    if hits.is_empty() {
        eprintln!("no hits");
    }
    for hit in hits {
        if !print(line(hit))? {
            break;
        }
    }
    Ok(())
}

/// Score, `index/id`, source.
fn line(hit: &Json) -> String {
    let said = |name: &str| hit.get(name).and_then(Json::as_str).unwrap_or_default();
    let score = hit.get("_score").and_then(Json::as_f64).unwrap_or(0.0);
    let source = hit.get("_source").cloned().unwrap_or_default();
    format!("{score:.4}  {}/{}  {source}", said("_index"), said("_id"))
}
