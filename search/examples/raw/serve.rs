//! The ten best hits of each query with their documents: timed here, and served over HTTP
//! by the plainest server there is, so that a round trip can be compared with a round trip.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value as Json, json};
use tantivy::collector::TopDocs;
use tantivy::schema::Value;
use tantivy::{Searcher, TantivyDocument};

use super::answers::build;
use super::cases::{Case, cases};
use super::index::Fields;

/// Prints `{"port", "cases": [[name, body, seconds], ...]}`, then answers until it is killed.
pub fn serve(path: &Path, passes: usize) {
    let documents = super::read(path.to_str().expect("a path"));
    let (_folder, index, fields) = build(&documents);
    let searcher = index.reader().expect("a reader").searcher();
    let mut cases = cases(&fields);
    // Patterns are left out: they are compiled here before the clock starts.
    cases.retain(|case| {
        let query = &case.body["query"];
        let is_pattern = query.get("prefix").or(query.get("wildcard")).is_some();
        !is_pattern
            && case.sort.is_empty()
            && case.body.as_object().is_some_and(|body| body.len() == 1)
    });
    let times: Vec<Json> = cases
        .iter()
        .map(|case| {
            json!([
                case.name,
                case.body,
                median(&searcher, &fields, case, passes)
            ])
        })
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    println!("{}", json!({"port": port, "cases": times}));
    for stream in listener.incoming().flatten() {
        // A client that leaves ends its connection, not the program.
        let _ = talk(stream, &searcher, &fields, &cases);
    }
}

fn median(searcher: &Searcher, fields: &Fields, case: &Case, passes: usize) -> f64 {
    let mut times: Vec<f64> = (0..passes)
        .map(|_| {
            let began = Instant::now();
            let found = ten(searcher, fields, case);
            let seconds = began.elapsed().as_secs_f64();
            assert!(found.is_array());
            seconds
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn ten(searcher: &Searcher, fields: &Fields, case: &Case) -> Json {
    let found = searcher.search(&*case.raw, &TopDocs::with_limit(10).order_by_score());
    let hits = found.expect("searched").into_iter().map(|(score, at)| {
        let document: TantivyDocument = searcher.doc(at).expect("a document");
        let source = document
            .get_first(fields.source)
            .and_then(|value| value.as_str().map(str::to_owned));
        json!([score, source])
    });
    hits.collect()
}

fn talk(
    stream: TcpStream,
    searcher: &Searcher,
    fields: &Fields,
    cases: &[Case],
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut line = String::new();
        while reader.read_line(&mut line)? > 2 {
            line.clear();
        }
        let number = first
            .split(' ')
            .nth(1)
            .and_then(|path| path.strip_prefix('/')?.parse::<usize>().ok());
        let body = number
            .and_then(|number| cases.get(number))
            .map(|case| ten(searcher, fields, case));
        let body = body.unwrap_or_default().to_string();
        let length = body.len();
        write!(
            writer,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
    }
}
