//! No path of the machine the code was written on: a clone works wherever it lies.

use super::source::{Complaint, File};

/// Heads of absolute paths that only one machine has.
const HEADS: [&str; 4] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
];

pub fn check(file: &File) -> Vec<Complaint> {
    file.text
        .lines()
        .enumerate()
        .filter(|(_, line)| HEADS.iter().any(|head| line.contains(head)))
        .map(|(at, _)| {
            file.complain(
                at + 1,
                "a path of one machine: say it relative to the clone, or $HOME",
            )
        })
        .collect()
}

#[test]
fn a_machine_path_is_named_in_any_file() {
    let text = format!("see {}ada/stele", HEADS[0]);
    assert_eq!(check(&File::new("docs/tour.md", &text)).len(), 1);
    assert_eq!(
        check(&File::new("docs/tour.md", "see $HOME/stele")),
        Vec::new()
    );
}
