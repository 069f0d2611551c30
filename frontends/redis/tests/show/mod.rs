//! One speaker of a conversation: sends lines, shows answers as `redis-cli` would.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

/// How long an answer may take. Nothing waits this long unless it fails.
const ANSWER_MS_MAX: u64 = 20_000;

pub struct Speaker {
    stream: BufStream<TcpStream>,
}

impl Speaker {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the door is open");
        Self {
            stream: BufStream::new(stream),
        }
    }

    /// Says a line and shows what comes back. Several requests of one pipeline are separated by
    /// ` | `; `[n] ` in front says how many answers there are; `[n]` alone says nothing and listens.
    pub async fn say(&mut self, line: &str) -> String {
        let (told, line) = match line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            Some((count, line)) => (
                Some(count.parse().expect("a number of answers")),
                line.trim_start(),
            ),
            None => (None, line),
        };
        let count = match told {
            Some(count) if line.is_empty() => count,
            told => {
                let requests: Vec<&str> = line.split(" | ").collect();
                let bytes: String = requests
                    .iter()
                    .map(|request| format!("{request}\r\n"))
                    .collect();
                self.stream
                    .write_all(bytes.as_bytes())
                    .await
                    .expect("the door listens");
                self.stream.flush().await.expect("the door listens");
                told.unwrap_or_else(|| requests.iter().map(|request| answer_count(request)).sum())
            }
        };
        let mut shown = String::new();
        for _ in 0..count {
            let answer = tokio::time::timeout(Duration::from_millis(ANSWER_MS_MAX), self.answer(0));
            shown.push_str(&answer.await.expect("an answer in time"));
        }
        shown
    }

    async fn line(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        self.stream.read_until(b'\n', &mut bytes).await.ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.strip_suffix("\r\n").map(str::to_owned)
    }

    async fn bulk(&mut self, length: &str) -> String {
        let length: usize = length.parse().expect("a length");
        let mut bytes = vec![0; length + 2];
        self.stream
            .read_exact(&mut bytes)
            .await
            .expect("as many bytes as announced");
        bytes.truncate(length);
        format!("\"{}\"", bytes.escape_ascii())
    }

    async fn answer(&mut self, depth: usize) -> String {
        let Some(line) = self.line().await else {
            return "(closed)\n".to_owned();
        };
        let indent = "  ".repeat(depth);
        let (kind, rest) = line.split_at_checked(1).unwrap_or((&line, ""));
        let one = match kind {
            "+" => rest.to_owned(),
            "-" => format!("(error) {rest}"),
            ":" => format!("(integer) {rest}"),
            "," => format!("(double) {rest}"),
            "(" => format!("(big number) {rest}"),
            "#" => format!("(boolean) {rest}"),
            "_" => "(nil)".to_owned(),
            "$" if rest == "-1" => "(nil)".to_owned(),
            "*" if rest == "-1" => "(nil list)".to_owned(),
            "$" | "=" => self.bulk(rest).await,
            "*" | "~" | ">" | "%" => return self.several(kind, rest, depth).await,
            other => format!("(what is {other}?) {rest}"),
        };
        format!("{indent}{one}\n")
    }

    async fn several(&mut self, kind: &str, count: &str, depth: usize) -> String {
        let count: usize = count.parse().expect("a count");
        let name = match kind {
            "~" => "set",
            ">" => "push",
            "%" => "map",
            _ => "list",
        };
        let mut shown = String::new();
        let _ = writeln!(shown, "{}({name} of {count})", "  ".repeat(depth));
        for _ in 0..if kind == "%" { count * 2 } else { count } {
            let element = Box::pin(self.answer(depth + 1)).await;
            shown.push_str(&element);
        }
        shown
    }
}

/// How many answers a request gets: one, but for several channels at once.
fn answer_count(request: &str) -> usize {
    let words: Vec<&str> = request.split_whitespace().collect();
    match words
        .first()
        .map(|word| word.to_ascii_uppercase())
        .as_deref()
    {
        Some("SUBSCRIBE" | "PSUBSCRIBE") => words.len() - 1,
        Some("UNSUBSCRIBE" | "PUNSUBSCRIBE") => words.len().saturating_sub(1).max(1),
        None => 0,
        _ => 1,
    }
}
