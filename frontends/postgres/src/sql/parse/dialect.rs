//! The dialect the parser is asked for: PostgreSQL's, less two habits.
//!
//! sqlparser's own PostgreSQL dialect reads each argument of a call as an expression twice, in
//! case a name before `=>` is one, so that `abs(abs(abs(...)))` takes time exponential in its
//! depth. A name there is an identifier in PostgreSQL. And it takes any word for a column, where
//! PostgreSQL has reserved words.

use std::any::TypeId;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::reserved;

/// PostgreSQL as sqlparser knows it, with named arguments read as identifiers and reserved
/// words respected.
#[derive(Debug)]
pub struct Postgres;

const INNER: PostgreSqlDialect = PostgreSqlDialect {};

impl Dialect for Postgres {
    fn dialect(&self) -> TypeId {
        TypeId::of::<PostgreSqlDialect>()
    }

    fn parse_prefix(&self, parser: &mut Parser) -> Option<Result<Expr, ParserError>> {
        let Token::Word(word) = &parser.peek_token_ref().token else {
            return None;
        };
        let is_call = parser.peek_nth_token_ref(1).token == Token::LParen;
        if word.quote_style.is_some() || reserved::begins_expression(&word.value, is_call) {
            return None;
        }
        Some(parser.expected("an expression", parser.peek_token()))
    }

    fn supports_named_fn_args_with_expr_name(&self) -> bool {
        false
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        INNER.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        INNER.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        INNER.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        INNER.is_identifier_part(ch)
    }

    fn supports_unicode_string_literal(&self) -> bool {
        INNER.supports_unicode_string_literal()
    }

    fn is_reserved_for_identifier(&self, kw: Keyword) -> bool {
        INNER.is_reserved_for_identifier(kw)
    }

    fn is_custom_operator_part(&self, ch: char) -> bool {
        INNER.is_custom_operator_part(ch)
    }

    fn get_next_precedence(&self, parser: &Parser) -> Option<Result<u8, ParserError>> {
        INNER.get_next_precedence(parser)
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        INNER.supports_filter_during_aggregation()
    }

    fn supports_group_by_expr(&self) -> bool {
        INNER.supports_group_by_expr()
    }

    fn prec_value(&self, prec: Precedence) -> u8 {
        INNER.prec_value(prec)
    }

    fn allow_extract_custom(&self) -> bool {
        INNER.allow_extract_custom()
    }

    fn allow_extract_single_quotes(&self) -> bool {
        INNER.allow_extract_single_quotes()
    }

    fn supports_create_index_with_clause(&self) -> bool {
        INNER.supports_create_index_with_clause()
    }

    fn supports_explain_with_utility_options(&self) -> bool {
        INNER.supports_explain_with_utility_options()
    }

    fn supports_listen_notify(&self) -> bool {
        INNER.supports_listen_notify()
    }

    fn supports_factorial_operator(&self) -> bool {
        INNER.supports_factorial_operator()
    }

    fn supports_bitwise_shift_operators(&self) -> bool {
        INNER.supports_bitwise_shift_operators()
    }

    fn supports_comment_on(&self) -> bool {
        INNER.supports_comment_on()
    }

    fn supports_load_extension(&self) -> bool {
        INNER.supports_load_extension()
    }

    fn supports_named_fn_args_with_colon_operator(&self) -> bool {
        INNER.supports_named_fn_args_with_colon_operator()
    }

    fn supports_empty_projections(&self) -> bool {
        INNER.supports_empty_projections()
    }

    fn supports_nested_comments(&self) -> bool {
        INNER.supports_nested_comments()
    }

    fn supports_string_escape_constant(&self) -> bool {
        INNER.supports_string_escape_constant()
    }

    fn supports_numeric_literal_underscores(&self) -> bool {
        INNER.supports_numeric_literal_underscores()
    }

    fn supports_array_typedef_with_brackets(&self) -> bool {
        INNER.supports_array_typedef_with_brackets()
    }

    fn supports_geometric_types(&self) -> bool {
        INNER.supports_geometric_types()
    }

    fn supports_set_names(&self) -> bool {
        INNER.supports_set_names()
    }

    fn supports_alter_column_type_using(&self) -> bool {
        INNER.supports_alter_column_type_using()
    }

    fn supports_notnull_operator(&self) -> bool {
        INNER.supports_notnull_operator()
    }

    fn supports_interval_options(&self) -> bool {
        INNER.supports_interval_options()
    }

    fn supports_insert_table_alias(&self) -> bool {
        INNER.supports_insert_table_alias()
    }

    fn supports_create_table_like_parenthesized(&self) -> bool {
        INNER.supports_create_table_like_parenthesized()
    }

    fn supports_select_wildcard_with_alias(&self) -> bool {
        INNER.supports_select_wildcard_with_alias()
    }

    fn supports_comma_separated_trim(&self) -> bool {
        INNER.supports_comma_separated_trim()
    }

    fn supports_xml_expressions(&self) -> bool {
        INNER.supports_xml_expressions()
    }

    fn supports_comment_optimizer_hint(&self) -> bool {
        INNER.supports_comment_optimizer_hint()
    }
}
