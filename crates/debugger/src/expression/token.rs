//! From text to tokens.

use super::ExpressionError;

/// Longer expressions are refused.
const LONGEST: usize = 4096;

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(u64),
    Float(f64),
    /// A name, with its `::` parts.
    Name(String),
    /// A name in single quotes: a symbol with odd characters.
    Quoted(String),
    /// `$name`.
    Dollar(String),
    /// An operator or a bracket.
    Sign(&'static str),
}

/// Longest first, so that `<<` is not two of `<`.
const SIGNS: &[&str] = &[
    "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "->", "+", "-", "*", "/", "%", "&", "|", "^",
    "~", "!", "<", ">", "(", ")", "[", "]", ".", ",", "=",
];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, ExpressionError> {
    if text.len() > LONGEST {
        return Err(ExpressionError::new(format!(
            "an expression has {LONGEST} characters at most"
        )));
    }
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else {
            return Ok(found);
        };
        let (token, len) = match first {
            '0'..='9' => number(rest)?,
            '$' => {
                let len = 1 + name_len(&rest[1..], false);
                (Token::Dollar(rest[1..len].to_owned()), len)
            }
            '\'' => quoted(rest)?,
            c if c.is_alphabetic() || c == '_' => {
                let len = name_len(rest, true);
                (Token::Name(rest[..len].to_owned()), len)
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign = sign.ok_or_else(|| {
                    ExpressionError::new(format!("`{first}` has no meaning in an expression"))
                })?;
                (Token::Sign(sign), sign.len())
            }
        };
        found.push(token);
        rest = &rest[len..];
    }
}

/// Length of the name at the start of a text.
fn name_len(text: &str, paths: bool) -> usize {
    let mut len = 0;
    loop {
        let rest = &text[len..];
        match rest.chars().next() {
            Some(c) if c.is_alphanumeric() || c == '_' => len += c.len_utf8(),
            Some(':') if paths && rest.starts_with("::") => len += 2,
            _ => return len,
        }
    }
}

fn number(text: &str) -> Result<(Token, usize), ExpressionError> {
    let word = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let (word_text, after) = text.split_at(word);
    // `1.5` is a number, `a.5` is none and does not come here; `1.max` is none either.
    let fraction = after.strip_prefix('.').map(|rest| {
        rest.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len())
    });
    if let Some(digits) = fraction.filter(|&digits| digits > 0) {
        let len = word + 1 + digits;
        if let Ok(value) = text[..len].replace('_', "").parse() {
            return Ok((Token::Float(value), len));
        }
    }
    let clean = word_text.replace('_', "").to_ascii_lowercase();
    let (digits, base) = match clean.get(..2) {
        Some("0x") => (&clean[2..], 16),
        Some("0b") => (&clean[2..], 2),
        Some("0o") => (&clean[2..], 8),
        _ => (clean.as_str(), 10),
    };
    let value = u64::from_str_radix(digits, base)
        .map_err(|_| ExpressionError::new(format!("`{word_text}` is no number of 64 bits")))?;
    Ok((Token::Number(value), word))
}

/// `'a'` is a character's number, anything longer a symbol's name.
fn quoted(text: &str) -> Result<(Token, usize), ExpressionError> {
    let rest = &text[1..];
    let end = rest
        .find('\'')
        .ok_or_else(|| ExpressionError::new("a quote (') is not closed"))?;
    let inner = &rest[..end];
    let mut chars = inner.chars();
    let token = match (chars.next(), chars.next(), chars.next()) {
        (Some('\\'), Some(c), None) => Token::Number(match c {
            'n' => 10,
            't' => 9,
            'r' => 13,
            '0' => 0,
            other => other.into(),
        }),
        (Some(c), None, _) => Token::Number(c.into()),
        (None, ..) => return Err(ExpressionError::new("there is nothing between the quotes")),
        _ => Token::Quoted(inner.to_owned()),
    };
    Ok((token, end + 2))
}
