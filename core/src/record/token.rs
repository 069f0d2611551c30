//! Tokens: what a client has seen, as positions in logs.

use std::collections::BTreeMap;
use std::fmt;

/// For each partition, the index up to which its holder has seen the log.
/// Printed as `t1:partition=index,...`; the `1` is the format.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    seen: BTreeMap<u16, u64>,
}

impl Token {
    /// A token that has seen one position.
    pub fn at(partition: u16, index: u64) -> Self {
        let mut token = Self::default();
        token.see(partition, index);
        token
    }

    /// Adds a position.
    pub fn see(&mut self, partition: u16, index: u64) {
        let seen = self.seen.entry(partition).or_default();
        *seen = (*seen).max(index);
    }

    /// Adds everything another token has seen.
    pub fn merge(&mut self, other: &Self) {
        for (&partition, &index) in &other.seen {
            self.see(partition, index);
        }
    }

    /// The positions seen.
    pub fn positions(&self) -> impl Iterator<Item = (u16, u64)> {
        self.seen
            .iter()
            .map(|(&partition, &index)| (partition, index))
    }

    /// Reads the printed form.
    pub fn parse(text: &str) -> Option<Self> {
        let mut token = Self::default();
        let body = text.strip_prefix("t1:")?;
        for pair in body.split(',').filter(|pair| !pair.is_empty()) {
            let (partition, index) = pair.split_once('=')?;
            token.see(partition.parse().ok()?, index.parse().ok()?);
        }
        Some(token)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("t1:")?;
        for (place, (partition, index)) in self.positions().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            write!(f, "{comma}{partition}={index}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_only_grows() {
        let mut token = Token::at(3, 10);
        token.merge(&Token::at(3, 4));
        token.see(1, 2);
        assert_eq!(token.to_string(), "t1:1=2,3=10");
        assert_eq!(Token::parse("t1:1=2,3=10"), Some(token));
        assert_eq!(Token::parse("t2:1=2"), None);
    }
}
