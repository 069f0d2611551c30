//! Which known name a misspelt one is nearest to.

/// The known name with the fewest edits, and how many.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<(&'a str, usize)> {
    known
        .map(|name| (name, edits(word, name)))
        .min_by_key(|(_, distance)| *distance)
}

/// Letters to insert, delete or replace to turn `a` into `b` (Levenshtein), one row of the
/// table at a time.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(&b) {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
        assert_eq!(edits("same", "same"), 0);
    }

    #[test]
    fn a_slip_finds_its_name() {
        let known = ["redis_port", "postgres_port", "fsync"];
        assert_eq!(
            nearest("redis_prot", known.into_iter()),
            Some(("redis_port", 2))
        );
    }
}
