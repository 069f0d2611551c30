//! Spellings that PostgreSQL knows and sqlparser does not, turned into ones that mean the same.

use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

/// The order sqlparser wants a sequence's options in.
const SEQUENCE_ORDER: [&[&str]; 7] = [
    &["as"],
    &["increment"],
    &["minvalue"],
    &["maxvalue"],
    &["start"],
    &["cache"],
    &["cycle", "owned"],
];

/// The operator of full-text search.
pub const SEARCH: &str = "@@@";

/// Rewrites the tokens of one statement.
///
/// `TABLE t` becomes `SELECT * FROM t`; UNLOGGED goes, because every table is logged, which is
/// what UNLOGGED allows; weaker row locks become the stronger ones they are covered by; a lock
/// before LIMIT moves behind it; a sequence's options get an order;
/// `@@@` becomes one operator.
pub fn respell(tokens: &mut Vec<TokenWithSpan>) {
    match (word(tokens, 0), word(tokens, 1)) {
        ("table", _) => {
            let span = tokens.first().map(|token| token.span);
            if let Some(span) = span {
                let at = |token: Token| TokenWithSpan { token, span };
                let select = [
                    at(Token::make_keyword("SELECT")),
                    at(Token::Mul),
                    at(Token::make_keyword("FROM")),
                ];
                tokens.splice(0..1, select);
            }
        }
        ("create", "unlogged") => {
            tokens.remove(1);
        }
        ("create", "sequence") => sequence(tokens),
        _ => {}
    }
    locks(tokens);
    lock_place(tokens);
    search_operator(tokens);
}

/// `@@@` is one operator: two tokens that touch become one.
fn search_operator(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at + 1 < tokens.len() {
        if let [first, second] = tokens.get(at..at + 2).unwrap_or_default()
            && first.token == Token::AtAt
            && second.token == Token::AtSign
            && first.span.end == second.span.start
        {
            let token = Token::CustomBinaryOperator(SEARCH.to_owned());
            let span = first.span.union(&second.span);
            tokens.splice(at..at + 2, [TokenWithSpan { token, span }]);
        }
        at += 1;
    }
}

/// The unquoted word at a place, in lower case when it is one of ours; else empty.
fn word(tokens: &[TokenWithSpan], at: usize) -> &'static str {
    const KNOWN: [&str; 27] = [
        "table",
        "create",
        "unlogged",
        "sequence",
        "for",
        "no",
        "key",
        "update",
        "share",
        "limit",
        "offset",
        "fetch",
        "as",
        "increment",
        "minvalue",
        "maxvalue",
        "start",
        "cache",
        "cycle",
        "owned",
        "of",
        "nowait",
        "skip",
        "locked",
        "if",
        "not",
        "exists",
    ];
    match tokens.get(at).map(|token| &token.token) {
        Some(Token::Word(Word {
            value,
            quote_style: None,
            ..
        })) => {
            let known = KNOWN.iter().find(|known| value.eq_ignore_ascii_case(known));
            known.copied().unwrap_or_default()
        }
        _ => "",
    }
}

/// `FOR NO KEY UPDATE` and `FOR KEY SHARE` become the locks that cover them.
fn locks(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while at < tokens.len() {
        if word(tokens, at) == "for" {
            match (
                word(tokens, at + 1),
                word(tokens, at + 2),
                word(tokens, at + 3),
            ) {
                ("no", "key", "update") => {
                    tokens.drain(at + 1..at + 3);
                }
                ("key", "share", _) => {
                    tokens.remove(at + 1);
                }
                _ => {}
            }
        }
        at += 1;
    }
}

/// A locking clause before LIMIT, OFFSET or FETCH moves to the end of its query, where it means
/// the same.
fn lock_place(tokens: &mut [TokenWithSpan]) {
    let mut queries = vec![Query::default()];
    for at in 0..tokens.len() {
        match tokens.get(at).map(|token| &token.token) {
            Some(Token::LParen) => queries.push(Query::default()),
            Some(Token::RParen) => queries.pop().unwrap_or_default().close(tokens, at),
            _ => {
                let (first, second) = (word(tokens, at), word(tokens, at + 1));
                if let Some(query) = queries.last_mut() {
                    query.meet(first, second, at);
                }
            }
        }
    }
    let end = tokens.len();
    while let Some(query) = queries.pop() {
        query.close(tokens, end);
    }
}

/// What one query, between its parentheses, has of clauses after its body.
#[derive(Default)]
struct Query {
    /// Where its first locking clause begins.
    lock: Option<usize>,
    /// Where the first LIMIT, OFFSET or FETCH behind that begins.
    bound: Option<usize>,
    /// Another locking clause behind those: the parser refuses it, as PostgreSQL does.
    is_twice: bool,
}

impl Query {
    fn meet(&mut self, first: &str, second: &str, at: usize) {
        match first {
            "for" if matches!(second, "update" | "share") => {
                self.is_twice |= self.bound.is_some();
                self.lock.get_or_insert(at);
            }
            "limit" | "offset" | "fetch" if self.lock.is_some() => {
                self.bound.get_or_insert(at);
            }
            _ => {}
        }
    }

    fn close(self, tokens: &mut [TokenWithSpan], end: usize) {
        if let (Some(lock), Some(bound), false) = (self.lock, self.bound, self.is_twice)
            && let Some(tail) = tokens.get_mut(lock..end)
        {
            tail.rotate_left(bound - lock);
        }
    }
}

/// Puts the options of CREATE SEQUENCE in the order sqlparser reads them.
fn sequence(tokens: &mut Vec<TokenWithSpan>) {
    let rank = |at: usize| {
        let first = match (word(tokens, at), word(tokens, at + 1)) {
            ("no", second @ ("minvalue" | "maxvalue" | "cycle")) => second,
            ("no", _) => return None,
            (first, _) => first,
        };
        SEQUENCE_ORDER
            .iter()
            .position(|words| words.contains(&first))
    };
    let mut groups: Vec<(usize, usize)> = Vec::new();
    let mut at = 2;
    while at < tokens.len() {
        if let Some(rank) = rank(at) {
            groups.push((rank, at));
            // NO belongs to the word behind it.
            at += usize::from(word(tokens, at) == "no");
        }
        at += 1;
    }
    let Some((_, first)) = groups.first().copied() else {
        return;
    };
    let ends = groups
        .iter()
        .skip(1)
        .map(|(_, start)| *start)
        .chain([tokens.len()]);
    let mut pieces: Vec<(usize, Vec<TokenWithSpan>)> = groups
        .iter()
        .zip(ends)
        .map(|((rank, start), end)| (*rank, tokens.get(*start..end).unwrap_or_default().to_vec()))
        .collect();
    pieces.sort_by_key(|(rank, _)| *rank);
    tokens.truncate(first);
    tokens.extend(pieces.into_iter().flat_map(|(_, piece)| piece));
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn spellings_of_postgres_are_read() {
        for text in [
            "table t",
            "create unlogged table t (a int)",
            "create sequence s start 10 no cycle increment 5 no minvalue",
            "select * from t for no key update",
            "select * from t for key share skip locked limit 1",
            "select * from (select * from t for update limit 2) s limit 1",
            "with w as (select * from t for share offset 1 limit 2) select * from w",
            "(select * from t where a in (1) for update fetch first 2 rows only) union select 1",
            "copy (select * from t for update limit 2) to stdout",
            "select * from t where t @@@ 'a' and b@@@$1 or (t @@@'c')",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text).err());
        }
        let twice = parse("select * from t for update limit 1 for share");
        assert_eq!(twice.expect_err("refused").code, "42601");
    }
}
