//! `stele sql`: a thin client of the postgres door.
//!
//! One statement from the command line, or statements from standard input: each ends where a
//! line ends with a semicolon. At a terminal it asks for the next one and forgives errors; in
//! a pipe the first error ends it.

use std::error::Error as _;
use std::io::{BufRead, IsTerminal, Write};

use clap::{Arg, ArgMatches, Command};
use postgres::{Client, Config, NoTls, SimpleQueryMessage, error::DbError};

use super::grid::Grid;
use super::{CONNECT_MAX, POSTGRES, print, shown, text};
use crate::cli::Failure;

/// Statements whose count of rows is worth saying even if it is none.
const COUNTING: [&str; 5] = ["insert", "update", "delete", "merge", "copy"];

/// The words of `stele sql`.
pub fn words() -> Command {
    Command::new("sql")
        .about("Runs SQL: one statement, or those of standard input")
        .after_help(
            "Without a STATEMENT, statements are read from standard input; each ends with a \
             semicolon at the\nend of a line. At a terminal, \\q leaves.",
        )
        .arg(POSTGRES.word())
        .args(identity())
        .arg(
            Arg::new("statement")
                .value_name("STATEMENT")
                .help("What to run, as in 'SELECT * FROM users'"),
        )
}

fn identity() -> [Arg; 3] {
    let word = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    [
        word("user", "NAME", "Who asks").default_value("stele"),
        word("password", "PASSWORD", "The user's password")
            .env("PGPASSWORD")
            .hide_env_values(true),
        word("database", "NAME", "The database's name").default_value("stele"),
    ]
}

/// Runs `stele sql`.
pub fn run(words: &ArgMatches) -> Result<(), Failure> {
    let mut client = connect(words)?;
    match words.get_one::<String>("statement") {
        Some(statement) => perform(&mut client, statement).map(drop),
        None if std::io::stdin().is_terminal() => converse(&mut client),
        None => read(&mut client),
    }
}

fn connect(words: &ArgMatches) -> Result<Client, Failure> {
    let address = POSTGRES.address(words);
    let mut config = Config::new();
    for place in POSTGRES.places(address)? {
        config.hostaddr(place.ip()).port(place.port());
    }
    config
        .user(text(words, "user"))
        .dbname(text(words, "database"))
        .application_name("stele sql")
        .connect_timeout(CONNECT_MAX)
        .notice_callback(|notice| eprintln!("{}:  {}", notice.severity(), notice.message()));
    if let Some(password) = words.get_one::<String>("password") {
        config.password(password);
    }
    config.connect(NoTls).map_err(|error| {
        let cause = error.source().and_then(|cause| cause.downcast_ref());
        cause.map_or_else(
            || blame(&error),
            |cause| POSTGRES.unreachable(address, cause),
        )
    })
}

/// Asks for statements until there are no more.
fn converse(client: &mut Client) -> Result<(), Failure> {
    let mut lines = std::io::stdin().lock().lines();
    loop {
        let Some(statement) = statement(&mut lines, &["stele> ", "     > "])? else {
            return Ok(());
        };
        match perform(client, &statement) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(failure) if client.is_closed() => return Err(failure),
            Err(failure) => eprintln!("{}", failure.message),
        }
    }
}

/// Runs what standard input says.
fn read(client: &mut Client) -> Result<(), Failure> {
    let mut lines = std::io::stdin().lock().lines();
    while let Some(statement) = statement(&mut lines, &[])? {
        if !perform(client, &statement)? {
            break;
        }
    }
    Ok(())
}

/// The lines up to one that ends with a semicolon, or the last ones. `prompts` has what to
/// show before the first line and before the others.
fn statement(
    lines: &mut impl Iterator<Item = std::io::Result<String>>,
    prompts: &[&str],
) -> Result<Option<String>, Failure> {
    let mut statement = String::new();
    loop {
        if let Some(prompt) = prompts.get(usize::from(!statement.is_empty())) {
            let mut out = std::io::stdout().lock();
            let _ = write!(out, "{prompt}").and_then(|()| out.flush());
        }
        let Some(line) = lines.next() else {
            return Ok((!statement.is_empty()).then_some(statement));
        };
        let line = line.map_err(Failure::running)?;
        let said = line.trim_end();
        if statement.is_empty() && said.trim_start().is_empty() {
            continue;
        }
        if statement.is_empty() && matches!(said, "\\q" | "exit" | "quit") {
            return Ok(None);
        }
        statement.push_str(said);
        if said.ends_with(';') {
            return Ok(Some(statement));
        }
        statement.push('\n');
    }
}

/// Runs a statement and prints what came of it. False: nobody reads any more.
fn perform(client: &mut Client, statement: &str) -> Result<bool, Failure> {
    let answers = client
        .simple_query(statement)
        .map_err(|error| blame(&error))?;
    let first = statement.split_whitespace().next().unwrap_or_default();
    let counts = COUNTING.contains(&first.to_ascii_lowercase().as_str());
    let mut grid: Option<Grid> = None;
    for answer in answers {
        let line = match answer {
            SimpleQueryMessage::RowDescription(columns) => {
                let columns = columns.iter().map(|column| column.name().to_string());
                grid = Some(Grid {
                    columns: columns.collect(),
                    rows: Vec::new(),
                });
                continue;
            }
            SimpleQueryMessage::Row(row) => {
                let cell = |at| row.get(at).map(|text: &str| shown(text.as_bytes()));
                let rows = grid.as_mut().map(|grid| &mut grid.rows);
                rows.into_iter()
                    .for_each(|rows| rows.push((0..row.len()).map(cell).collect()));
                continue;
            }
            SimpleQueryMessage::CommandComplete(count) => match (grid.take(), count) {
                (Some(grid), _) => grid.draw(),
                (None, 0) if !counts => "ok".to_string(),
                (None, 1) => "ok, 1 row".to_string(),
                (None, count) => format!("ok, {count} rows"),
            },
            _ => continue,
        };
        if !print(line)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An error in the server's words, or the library's.
fn blame(error: &postgres::Error) -> Failure {
    Failure::running(match error.as_db_error() {
        Some(said) => words_of(said),
        None => match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    })
}

fn words_of(said: &DbError) -> String {
    let mut words = format!("{} {}", said.code().code(), said.message());
    for (title, more) in [("detail", said.detail()), ("hint", said.hint())] {
        if let Some(more) = more {
            words.push_str(&format!("\n{title}: {more}"));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_ends_where_a_line_ends_with_a_semicolon() {
        let said = [
            "",
            "SELECT ';' || 1",
            "; ",
            "SELECT 2",
            "\\q",
            "",
            "SELECT 3",
        ];
        let mut lines = said.into_iter().map(|line| Ok(line.to_string()));
        let mut next = || statement(&mut lines, &[]).ok().flatten();
        assert_eq!(next().as_deref(), Some("SELECT ';' || 1\n;"));
        assert_eq!(next().as_deref(), Some("SELECT 2\n\\q\n\nSELECT 3\n"));
        assert_eq!(next(), None);
    }
}
