//! A table for a terminal: columns aligned, numbers to the right.

use std::fmt::Write as _;

/// Columns and rows of text; `None` is NULL, and shows as nothing.
#[derive(Default)]
pub struct Grid {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Option<String>>>,
}

impl Grid {
    /// The lines of the table, and how many rows it has.
    pub fn draw(&self) -> String {
        let mut drawn = String::new();
        let widths: Vec<usize> = (0..self.columns.len()).map(|at| self.width(at)).collect();
        let cells = self.columns.iter().zip(&widths);
        let heads: Vec<String> = cells
            .map(|(name, width)| format!("{name:^width$}"))
            .collect();
        line(&mut drawn, &heads);
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        let _ = writeln!(drawn, "{}", rules.join("+"));
        let are_numbers: Vec<bool> = (0..widths.len()).map(|at| self.is_numeric(at)).collect();
        for row in &self.rows {
            let cells = row.iter().zip(widths.iter().zip(&are_numbers));
            let cells = cells.map(|(cell, (width, is_number))| {
                let cell = cell.as_deref().unwrap_or_default();
                match is_number {
                    true => format!("{cell:>width$}"),
                    false => format!("{cell:<width$}"),
                }
            });
            line(&mut drawn, &cells.collect::<Vec<_>>());
        }
        let _ = match self.rows.len() {
            1 => write!(drawn, "(1 row)"),
            count => write!(drawn, "({count} rows)"),
        };
        drawn
    }

    fn cells(&self, at: usize) -> impl Iterator<Item = &str> {
        self.rows
            .iter()
            .filter_map(move |row| row.get(at)?.as_deref())
    }

    fn width(&self, at: usize) -> usize {
        let head = self.columns.get(at).map(String::as_str);
        let texts = head.into_iter().chain(self.cells(at));
        texts.map(|text| text.chars().count()).max().unwrap_or(0)
    }

    /// Is there a value, and is every value a number?
    fn is_numeric(&self, at: usize) -> bool {
        self.cells(at).next().is_some() && self.cells(at).all(|cell| cell.parse::<f64>().is_ok())
    }
}

fn line(drawn: &mut String, cells: &[String]) {
    let padded: Vec<String> = cells.iter().map(|cell| format!(" {cell} ")).collect();
    let _ = writeln!(drawn, "{}", padded.join("|").trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_null_is_nothing() {
        let some = |text: &str| Some(text.to_string());
        let grid = Grid {
            columns: vec!["id".into(), "name".into()],
            rows: vec![
                vec![some("7"), some("Ada")],
                vec![some("42"), None],
                vec![None, some("Zoë Lund")],
            ],
        };
        assert_eq!(
            grid.draw(),
            " id |   name\n----+----------\n  7 | Ada\n 42 |\n    | Zoë Lund\n(3 rows)"
        );
    }
}
