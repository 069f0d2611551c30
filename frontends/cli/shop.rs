//! The demo's shop: three tables and about two thousand rows, the same every time.

const PRODUCT_COUNT: usize = 200;
const CUSTOMER_COUNT: usize = 300;
const ORDER_COUNT: usize = 1_500;
/// Rows in one INSERT.
const ROWS_PER_STATEMENT: usize = 50;

pub const TABLES: [&str; 4] = [
    "CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, \
     price numeric(10,2) NOT NULL CHECK (price >= 0), stock int NOT NULL DEFAULT 0 CHECK (stock >= 0), tags text[])",
    "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE, city text NOT NULL, since date)",
    "CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers (id), \
     product int NOT NULL REFERENCES products (id), quantity int NOT NULL CHECK (quantity > 0), placed timestamptz)",
    "CREATE INDEX orders_by_customer ON orders (customer)",
];

const COLOURS: [&str; 5] = ["red", "blue", "green", "white", "black"];
const THINGS: [&str; 8] = [
    "mug", "lamp", "chair", "kettle", "clock", "scarf", "notebook", "bicycle",
];
const NAMES: [&str; 6] = ["Ada", "Grace", "Edsger", "Barbara", "Alan", "Radia"];
const CITIES: [&str; 5] = ["Berlin", "Lagos", "Lima", "Osaka", "Oslo"];

/// One INSERT and how many rows it holds.
pub struct Statement {
    pub sql: String,
    pub rows: usize,
}

/// Every INSERT of the shop, in an order its foreign keys allow.
pub fn statements() -> Vec<Statement> {
    let mut all = inserts("products", PRODUCT_COUNT, product);
    all.extend(inserts("customers", CUSTOMER_COUNT, customer));
    all.extend(inserts("orders", ORDER_COUNT, order));
    all
}

fn inserts(table: &str, count: usize, row: fn(usize) -> String) -> Vec<Statement> {
    let ids: Vec<usize> = (1..=count).collect();
    ids.chunks(ROWS_PER_STATEMENT)
        .map(|chunk| {
            let values: Vec<String> = chunk.iter().map(|id| row(*id)).collect();
            Statement {
                sql: format!("INSERT INTO {table} VALUES {}", values.join(", ")),
                rows: chunk.len(),
            }
        })
        .collect()
}

fn product(id: usize) -> String {
    let colour = pick(&COLOURS, id);
    let thing = pick(&THINGS, id / COLOURS.len());
    let cents = 199 + scatter(id) % 9_800;
    format!(
        "({id}, '{colour} {thing}', {}.{:02}, {}, '{{{colour},{thing}}}')",
        cents / 100,
        cents % 100,
        scatter(id) % 90 + 10
    )
}

fn customer(id: usize) -> String {
    let name = pick(&NAMES, scatter(id));
    let email = format!("{}{id}@example.com", name.to_lowercase());
    format!(
        "({id}, '{name}', '{email}', '{}', '2024-{:02}-{:02}')",
        pick(&CITIES, id),
        id % 12 + 1,
        id % 28 + 1
    )
}

fn order(id: usize) -> String {
    let at = scatter(id);
    let (customer, product) = (at % CUSTOMER_COUNT + 1, at / 7 % PRODUCT_COUNT + 1);
    let placed = format!(
        "2025-{:02}-{:02} {:02}:{:02}:00+00",
        at % 12 + 1,
        at % 28 + 1,
        at % 24,
        at % 60
    );
    format!("({id}, {customer}, {product}, {}, '{placed}')", at % 4 + 1)
}

fn pick<'a>(words: &[&'a str], at: usize) -> &'a str {
    words.get(at % words.len()).copied().unwrap_or("plain")
}

/// A number that looks drawn at random and is the same every time (Knuth's multiplier).
fn scatter(id: usize) -> usize {
    (id.wrapping_mul(2_654_435_761) >> 7) % 100_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shop_has_about_two_thousand_rows() {
        let rows: usize = statements().iter().map(|statement| statement.rows).sum();
        assert_eq!(rows, PRODUCT_COUNT + CUSTOMER_COUNT + ORDER_COUNT);
    }
}
