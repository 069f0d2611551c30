//! COPY ... TO STDOUT: rows spelled out, a piece of the stream for each.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use stele_core::record::value::{self, Settings, Value, text};

use super::super::parse::{CopyFormat, CopyOptions};
use super::binary::SIGNATURE;
use crate::session::Field;

/// COPY ... TO STDOUT, its rows gathered.
pub struct CopyOut {
    rows: Vec<Vec<Value>>,
    fields: Arc<[Field]>,
    options: CopyOptions,
}

impl CopyOut {
    /// These rows, spelled so.
    pub fn new(rows: Vec<Vec<Value>>, fields: Arc<[Field]>, options: CopyOptions) -> Self {
        Self {
            rows,
            fields,
            options,
        }
    }

    /// Whether the stream is binary.
    pub fn is_binary(&self) -> bool {
        self.options.format == CopyFormat::Binary
    }

    /// How many columns there are.
    pub fn column_count(&self) -> usize {
        self.fields.len()
    }

    /// The command tag.
    pub fn tag(&self) -> String {
        format!("COPY {}", self.rows.len())
    }

    /// The stream, piece by piece.
    pub fn pieces(self, settings: &Settings) -> impl Iterator<Item = Bytes> {
        let writer = Writer {
            fields: self.fields,
            options: self.options,
            settings: settings.clone(),
        };
        let is_binary = writer.options.format == CopyFormat::Binary;
        let last = is_binary.then(|| Bytes::from_static(&[0xff, 0xff]));
        let mut first = writer.first();
        let rows = self.rows.into_iter().map(move |row| writer.row(&row));
        // Clients expect the binary header and what follows it in one piece, as PostgreSQL
        // sends them; a line of names is a piece of its own.
        let mut pieces = rows.chain(last);
        std::iter::from_fn(move || match first.take() {
            Some(header) if is_binary => {
                let next = pieces.next().unwrap_or_default();
                Some([header, next].concat().into())
            }
            Some(names) => Some(names),
            None => pieces.next(),
        })
    }
}

struct Writer {
    fields: Arc<[Field]>,
    options: CopyOptions,
    settings: Settings,
}

impl Writer {
    /// The header.
    fn first(&self) -> Option<Bytes> {
        if self.options.format == CopyFormat::Binary {
            let mut out = BytesMut::from(SIGNATURE);
            out.put_u64(0);
            return Some(out.freeze());
        }
        if !self.options.header {
            return None;
        }
        let names: Vec<Value> = self
            .fields
            .iter()
            .map(|field| field.name.as_str().into())
            .collect();
        Some(match self.options.format {
            CopyFormat::Csv => self.csv_row(&names, false),
            _ => self.row(&names),
        })
    }

    fn row(&self, row: &[Value]) -> Bytes {
        match self.options.format {
            CopyFormat::Binary => binary_row(row),
            CopyFormat::Text => self.text_row(row),
            CopyFormat::Csv => self.csv_row(row, true),
        }
    }

    fn text_row(&self, row: &[Value]) -> Bytes {
        let mut out = Vec::new();
        let mut spelled = String::new();
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                out.push(self.options.delimiter);
            }
            if value.is_null() {
                out.extend_from_slice(self.options.null.as_bytes());
                continue;
            }
            spelled.clear();
            text::print_to(value, &self.settings, &mut spelled);
            self.escape(spelled.as_bytes(), &mut out);
        }
        out.push(b'\n');
        out.into()
    }

    fn escape(&self, spelled: &[u8], out: &mut Vec<u8>) {
        for byte in spelled {
            let letter = match byte {
                b'\\' => b'\\',
                8 => b'b',
                12 => b'f',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                11 => b'v',
                byte if *byte == self.options.delimiter => *byte,
                byte => {
                    out.push(*byte);
                    continue;
                }
            };
            out.extend_from_slice(&[b'\\', letter]);
        }
    }

    /// A line of CSV; the line of names is never quoted without need.
    fn csv_row(&self, row: &[Value], may_force: bool) -> Bytes {
        let mut out = Vec::new();
        let mut spelled = String::new();
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                out.push(self.options.delimiter);
            }
            if value.is_null() {
                out.extend_from_slice(self.options.null.as_bytes());
                continue;
            }
            spelled.clear();
            text::print_to(value, &self.settings, &mut spelled);
            let is_forced = may_force && self.is_forced(at);
            self.csv_field(is_forced, row.len(), &spelled, &mut out);
        }
        out.push(b'\n');
        out.into()
    }

    /// Whether FORCE_QUOTE names this column.
    fn is_forced(&self, at: usize) -> bool {
        self.options.force_quote.as_ref().is_some_and(|columns| {
            let name = self.fields.get(at).map_or("", |field| &field.name);
            columns.is_empty() || columns.iter().any(|column| column == name)
        })
    }

    fn csv_field(&self, is_forced: bool, width: usize, spelled: &str, out: &mut Vec<u8>) {
        let options = &self.options;
        let is_special = |byte: u8| {
            byte == options.delimiter || byte == options.quote || matches!(byte, b'\n' | b'\r')
        };
        let needs = is_forced
            || spelled == options.null
            || spelled.bytes().any(is_special)
            || (width == 1 && spelled == "\\.");
        if !needs {
            out.extend_from_slice(spelled.as_bytes());
            return;
        }
        out.push(options.quote);
        for byte in spelled.bytes() {
            if byte == options.quote || byte == options.escape {
                out.push(options.escape);
            }
            out.push(byte);
        }
        out.push(options.quote);
    }
}

fn binary_row(row: &[Value]) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(i16::try_from(row.len()).unwrap_or(i16::MAX));
    for value in row {
        if value.is_null() {
            out.put_i32(-1);
            continue;
        }
        let mut field = BytesMut::new();
        value::send(value, &mut field);
        out.put_i32(i32::try_from(field.len()).unwrap_or(i32::MAX));
        out.extend_from_slice(&field);
    }
    out.freeze()
}
