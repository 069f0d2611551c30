//! What the shop sells: the product of any number, the same every time.
//!
//! A name is a making, a colour and a thing; which three is a walk through all of them, so
//! that no two of the first nine thousand products have the same. `goods.txt` has the
//! departments, with what their things may be used for, and the things, with what they are
//! made of and sentences that are true of them:
//!
//! ```text
//! department: purpose; purpose; ...
//!   thing, euros to euros: material, material, ...
//!     A sentence.
//! ```

const GOODS: &str = include_str!("goods.txt");
const COLOURS: [&str; 12] = [
    "red", "blue", "green", "white", "black", "yellow", "grey", "brown", "orange", "purple",
    "cream", "navy",
];
const MAKINGS: [&str; 16] = [
    "light", "sturdy", "simple", "elegant", "compact", "reliable", "classic", "slim", "modern",
    "small", "handmade", "durable", "everyday", "plain", "fine", "robust",
];
/// What may be said of anything.
const REMARKS: [&str; 8] = [
    "Spare parts are kept for ten years.",
    "It is made in small numbers, so no two are quite alike.",
    "It comes in a plain cardboard box without any plastic.",
    "If it does not please, send it back within sixty days.",
    "It makes a good present for somebody who has everything.",
    "Customers have come back for a second one since 2009.",
    "The workshop that makes it has been run by one family for three generations.",
    "It is repaired free of charge for five years.",
];
/// Has no divisor in common with the number of names: a walk that meets each of them once.
const STRIDE: usize = 7_919;

/// Everything that is sold.
pub struct Goods {
    things: Vec<Thing>,
}

/// Something that is sold.
#[derive(Default)]
struct Thing {
    department: &'static str,
    purposes: Vec<&'static str>,
    name: &'static str,
    /// The lowest price, and what may come on top, euros.
    euros: (usize, usize),
    materials: Vec<&'static str>,
    sentences: Vec<&'static str>,
}

/// One product.
pub struct Product {
    pub name: String,
    pub department: &'static str,
    pub description: String,
    pub price_cents: usize,
    pub stock: usize,
}

impl Goods {
    /// Reads `goods.txt`.
    pub fn read() -> Self {
        let mut things: Vec<Thing> = Vec::new();
        let (mut department, mut purposes) = ("", Vec::new());
        for line in GOODS.lines() {
            let said = line.trim_start();
            match (line.len() - said.len(), said.split_once(": ")) {
                (0, Some((name, list))) => {
                    (department, purposes) = (name, list.split("; ").collect());
                }
                (2, Some((name, materials))) => things.push(Thing {
                    department,
                    purposes: purposes.clone(),
                    materials: materials.split(", ").collect(),
                    ..Thing::priced(name)
                }),
                _ => things
                    .iter_mut()
                    .next_back()
                    .into_iter()
                    .for_each(|thing| thing.sentences.push(said)),
            }
        }
        Self { things }
    }

    /// The product of a number.
    pub fn product(&self, id: usize) -> Product {
        let mut at = id.wrapping_mul(STRIDE);
        let mut next = |count: usize| {
            let chosen = at % count.max(1);
            at /= count.max(1);
            chosen
        };
        let nothing = Thing::default();
        let thing = self.things.get(next(self.things.len()));
        let thing = thing.unwrap_or(&nothing);
        let colour = pick(&COLOURS, next(COLOURS.len()));
        let making = pick(&MAKINGS, next(MAKINGS.len()));
        let dice = scatter(id);
        let material = pick(&thing.materials, dice);
        Product {
            name: capital(&format!("{making} {colour} {}", thing.name)),
            department: thing.department,
            description: thing.described(making, colour, material, dice),
            price_cents: thing.price_cents(dice),
            stock: dice / 11 % 90 + 10,
        }
    }
}

impl Thing {
    /// A thing from `name, low to high`.
    fn priced(text: &'static str) -> Self {
        let (name, prices) = text.split_once(", ").unwrap_or((text, ""));
        let (low, high) = prices.split_once(" to ").unwrap_or_default();
        let (low, high) = (low.parse().unwrap_or(1), high.parse().unwrap_or(2_usize));
        Self {
            name,
            euros: (low, high.saturating_sub(low).max(1)),
            ..Self::default()
        }
    }

    fn described(&self, making: &str, colour: &str, material: &str, dice: usize) -> String {
        let (name, purpose) = (self.name, pick(&self.purposes, dice / 3));
        let first = match dice / 5 % 4 {
            0 => format!(
                "{} {making} {colour} {name} made of {material}, {purpose}.",
                capital(article(making))
            ),
            1 => format!(
                "This {making} {name} is made of {material} and comes in {colour}; it is meant {purpose}."
            ),
            2 => format!(
                "{} and good work: {} {making} {name} in {colour}, {purpose}.",
                capital(material),
                article(making)
            ),
            _ => format!(
                "Looking for {} {colour} {name}? This one is {making}, made of {material}, and right {purpose}.",
                article(colour)
            ),
        };
        let second = pick(&self.sentences, dice / 7);
        match dice / 13 % 3 {
            0 => format!("{first} {second}"),
            _ => format!("{first} {second} {}", pick(&REMARKS, dice / 17)),
        }
    }

    fn price_cents(&self, dice: usize) -> usize {
        let (low, more) = self.euros;
        let cents = [0, 50, 90, 95].get(dice / 23 % 4).copied();
        (low + dice / 19 % more) * 100 + cents.unwrap_or(0)
    }
}

/// A number that looks drawn at random and is the same every time (Knuth's multiplier).
pub fn scatter(id: usize) -> usize {
    (id.wrapping_mul(2_654_435_761) >> 7) & 0xFF_FFFF
}

/// One of some words.
pub fn pick(words: &[&'static str], at: usize) -> &'static str {
    words
        .get(at % words.len().max(1))
        .copied()
        .unwrap_or("plain")
}

fn article(word: &str) -> &'static str {
    match word.starts_with(['a', 'e', 'i', 'o', 'u']) {
        true => "an",
        false => "a",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_thing_has_a_department_a_price_materials_and_sentences() {
        let goods = Goods::read();
        assert_eq!(goods.things.len(), 54);
        for thing in &goods.things {
            let parts = [&thing.purposes, &thing.materials, &thing.sentences];
            assert!(parts.iter().all(|part| part.len() >= 3), "{}", thing.name);
            assert!(thing.euros.0 > 1 && thing.euros.1 > 1, "{}", thing.name);
            assert!(thing.sentences.iter().all(|said| said.ends_with('.')));
        }
    }

    #[test]
    fn nine_thousand_products_have_a_name_of_their_own() {
        let goods = Goods::read();
        let names: HashSet<String> = (1..=9_000).map(|id| goods.product(id).name).collect();
        assert_eq!(names.len(), 9_000);
    }

    #[test]
    fn descriptions_have_two_or_three_sentences_and_nearly_all_differ() {
        let goods = Goods::read();
        let all: Vec<Product> = (1..=5_000).map(|id| goods.product(id)).collect();
        for product in &all {
            let ends = product.description.matches(['.', '?']).count();
            assert!((2..=4).contains(&ends), "{}", product.description);
        }
        let different: HashSet<&str> = all.iter().map(|p| p.description.as_str()).collect();
        assert!(different.len() > 4_900, "{}", different.len());
        let is_red_shoe = |name: &str| name.contains(" red ") && name.ends_with(" shoe");
        assert!(all.iter().any(|product| is_red_shoe(&product.name)));
    }
}
