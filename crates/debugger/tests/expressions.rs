//! Expressions: what they come to, and that no text panics.

use debugger::expression::{ExpressionError, Format, Printer, Scope, Type, Value, evaluate, parse};
use hartland_debugger as debugger;
use proptest::prelude::*;

/// A scope with a few names, and memory whose bytes are the low bytes of their addresses.
struct Few;

impl Scope for Few {
    fn register(&self, name: &str) -> Option<Value> {
        match name {
            "a0" => Some(Value::word(3)),
            "sp" => Some(Value::word(0x1000)),
            "fa0" => Some(Value::double(1.5)),
            _ => None,
        }
    }
    fn variable(&self, name: &str) -> Option<Result<Value, ExpressionError>> {
        (name == "count").then(|| Ok(Value::signed(-2)))
    }
    fn symbol(&self, name: &str) -> Option<u64> {
        (name == "main" || name == "a::b").then_some(0x8000_0000)
    }
    fn type_named(&self, _: &str) -> Option<Type> {
        None
    }
    fn earlier(&self, name: &str) -> Option<Value> {
        (name == "1").then(|| Value::word(7))
    }
    fn read(&self, address: u64, len: u64) -> Result<Vec<u8>, ExpressionError> {
        Ok((address..).take(len as usize).map(|at| at as u8).collect())
    }
}

fn value(text: &str) -> Result<Value, ExpressionError> {
    evaluate(&parse(text)?, &Few)
}

fn number(text: &str) -> u64 {
    value(text)
        .and_then(|value| value.int())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn shown(text: &str) -> String {
    let place = |_| None;
    let printer = Printer {
        scope: &Few,
        place: &place,
        format: Format::Natural,
    };
    printer.text(&value(text).unwrap_or_else(|error| panic!("{text}: {error}")))
}

#[test]
fn operators_bind_as_in_rust() {
    for (text, wanted) in [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 + 3 == 5", 1),
        ("1 << 2 + 1", 8),
        ("6 & 3 == 3", 0),
        ("0xff & ~0xf", 0xf0),
        ("0b101 | 0o17", 15),
        ("1_000", 1000),
        ("'a'", 97),
        ("!0 && !!5", 1),
        ("10 % 4 - 7", u64::MAX - 4),
        ("-7 / 2", u64::MAX - 2),
        ("-8 >> 1", u64::MAX - 3),
        ("-1 < 1", 1),
        ("0xffffffffffffffff > 1", 1),
        ("a0 == 3 && $a0 < 4", 1),
        ("main + 8", 0x8000_0008),
        ("a::b", 0x8000_0000),
        ("count * 2", u64::MAX - 3),
        ("$1 + 1", 8),
        ("-9223372036854775807 - 1", 1 << 63),
        ("(-9223372036854775807 - 1) / -1", 1 << 63),
    ] {
        assert_eq!(number(text), wanted, "{text}");
    }
}

#[test]
fn memory_is_read_by_type() {
    assert_eq!(number("*(u8 *)sp"), 0);
    assert_eq!(number("*(u16 *)(sp + 1)"), 0x0201);
    assert_eq!(number("((u32 *)sp)[1]"), 0x0706_0504);
    assert_eq!(number("*(sp as *u8 + 5)"), 5);
    assert_eq!(number("*sp"), 0x0706_0504_0302_0100);
    assert_eq!(number("&*(u8 *)sp"), 0x1000);
    assert_eq!(number("(u8)0x1ff"), 0xff);
    assert_eq!(number("(i8)0xff"), u64::MAX);
    assert_eq!(number("300 as u8"), 44);
}

#[test]
fn numbers_with_a_point_are_computed_as_such() {
    assert_eq!(shown("fa0 * 2"), "3.0");
    assert_eq!(shown("7 / 2.0"), "3.5");
    assert_eq!(shown("(f32)1 / 3"), "0.3333333333333333");
    assert_eq!(shown("a0"), "3");
    assert_eq!(shown("100"), "100 (0x64)");
}

#[test]
fn what_is_wrong_is_said() {
    for (text, wanted) in [
        ("", "missing"),
        ("1 +", "too early"),
        ("1 2", "not expected"),
        ("(1", "missing"),
        ("nobody", "no variable"),
        ("$nobody", "no register"),
        ("1 / 0", "zero"),
        ("5 % 0", "zero"),
        ("a0.x", "no field"),
        ("&3", "has an address"),
        ("'open", "not closed"),
        ("0xg", "no number"),
        ("99999999999999999999", "no number"),
        ("@", "no meaning"),
        ("(nothing *)1 == 1", "no type"),
        ("1.5 & 1", "whole numbers"),
    ] {
        let error = value(text)
            .err()
            .unwrap_or_else(|| panic!("{text} is right"));
        assert!(error.to_string().contains(wanted), "{text}: {error}");
    }
}

#[test]
fn deep_and_long_expressions_are_refused_or_done() {
    assert!(parse(&"(".repeat(4000)).is_err());
    assert!(parse(&"-".repeat(4000)).is_err());
    assert!(parse(&"*".repeat(4000)).is_err());
    assert!(parse(&"1".repeat(5000)).is_err());
    assert!(parse(&("a".to_owned() + &"[0".repeat(1900))).is_err());
    assert!(parse(&("1".to_owned() + &"+1".repeat(1900))).is_err());
    assert_eq!(number(&("1".to_owned() + &"+1".repeat(50))), 51);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = value(&text);
    }

    #[test]
    fn no_text_of_what_expressions_are_made_of_panics(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "1", "0x80000000", "18446744073709551615", "1.5", "a0", "$a0", "main", "count", "sp",
                "+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "~", "!", "==", "!=", "<", ">",
                "&&", "||", "(", ")", "[", "]", ".", "->", "as", "u8", "u64", "f64", "(u8 *)", "'x'",
                "'long name'", "::", "$", "$1", " ", "bool", "i32",
            ]),
            0..24,
        )
    ) {
        let _ = value(&parts.concat());
        let _ = value(&parts.join(" "));
    }

    #[test]
    fn sums_are_those_of_rust(a in any::<i32>(), b in any::<i32>()) {
        let wanted = (i64::from(a) + i64::from(b)) as u64;
        prop_assert_eq!(number(&format!("({a}) + ({b})")), wanted);
    }
}
