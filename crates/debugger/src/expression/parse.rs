//! From tokens to a tree.

use super::ExpressionError;
use super::token::{Token, tokens};

/// Brackets and operators are not nested more deeply than this.
const DEEPEST: usize = 100;

/// The name of a type in a cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// Of what.
    pub name: String,
    /// How many `*` it has.
    pub pointers: usize,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is the operator of that name
pub enum Unary {
    Negate,
    Invert,
    Not,
    Dereference,
    AddressOf,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is the operator of that name
pub enum Binary {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Xor,
    Or,
    Both,
    Either,
}

/// A tree.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // their operands speak for themselves
pub enum Expression {
    Number(u64),
    Float(f64),
    /// A variable, a register or a symbol.
    Name(String),
    /// A symbol and nothing else.
    Symbol(String),
    /// A register, or an earlier result.
    Dollar(String),
    Unary(Unary, Box<Self>),
    Binary(Binary, Box<Self>, Box<Self>),
    Field(Box<Self>, String),
    Index(Box<Self>, Box<Self>),
    Cast(TypeName, Box<Self>),
}

/// By how strongly they bind, as in Rust: the lowest first.
const LEVELS: &[&[(&str, Binary)]] = &[
    &[("||", Binary::Either)],
    &[("&&", Binary::Both)],
    &[
        ("==", Binary::Equal),
        ("!=", Binary::NotEqual),
        ("<=", Binary::LessOrEqual),
        (">=", Binary::GreaterOrEqual),
        ("<", Binary::Less),
        (">", Binary::Greater),
    ],
    &[("|", Binary::Or)],
    &[("^", Binary::Xor)],
    &[("&", Binary::And)],
    &[("<<", Binary::ShiftLeft), (">>", Binary::ShiftRight)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[
        ("*", Binary::Multiply),
        ("/", Binary::Divide),
        ("%", Binary::Remainder),
    ],
];

/// Types of C with a name that is also one of Hartland's, and those of several words.
const TYPE_WORDS: &[&str] = &[
    "u8",
    "i8",
    "u16",
    "i16",
    "u32",
    "i32",
    "u64",
    "i64",
    "usize",
    "isize",
    "bool",
    "char",
    "f32",
    "f64",
    "float",
    "double",
    "int",
    "unsigned",
    "signed",
    "long",
    "short",
    "void",
    "struct",
    "uint8_t",
    "int8_t",
    "uint16_t",
    "int16_t",
    "uint32_t",
    "int32_t",
    "uint64_t",
    "int64_t",
    "size_t",
    "uintptr_t",
    "const",
];

/// Reads an expression.
///
/// # Errors
/// It says what is not understood.
pub fn parse(text: &str) -> Result<Expression, ExpressionError> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(ExpressionError::new("an expression is missing"));
    }
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
    };
    let found = parser.binary(0, 0)?;
    match parser.peek() {
        None => Ok(found),
        Some(token) => Err(ExpressionError::new(format!(
            "{} is not expected there",
            describe(token)
        ))),
    }
}

fn describe(token: &Token) -> String {
    match token {
        Token::Number(value) => format!("the number {value}"),
        Token::Float(value) => format!("the number {value}"),
        Token::Name(name) | Token::Quoted(name) => format!("`{name}`"),
        Token::Dollar(name) => format!("`${name}`"),
        Token::Sign(sign) => format!("`{sign}`"),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Token::Sign(s)) if *s == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = self.is_sign(0, sign);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &str) -> Result<(), ExpressionError> {
        if self.takes(sign) {
            return Ok(());
        }
        let found = self.peek().map_or("the end".to_owned(), describe);
        Err(ExpressionError::new(format!(
            "`{sign}` is missing before {found}"
        )))
    }

    fn deeper(depth: usize) -> Result<usize, ExpressionError> {
        match depth < DEEPEST {
            true => Ok(depth + 1),
            false => Err(ExpressionError::new("the expression is nested too deeply")),
        }
    }

    fn binary(&mut self, level: usize, depth: usize) -> Result<Expression, ExpressionError> {
        let depth = Self::deeper(depth)?;
        let Some(operators) = LEVELS.get(level) else {
            return self.cast(depth);
        };
        let mut left = self.binary_operand(level, depth)?;
        let mut length = 0;
        loop {
            let operator = operators.iter().find(|(sign, _)| self.is_sign(0, sign));
            let Some(&(_, operator)) = operator else {
                return Ok(left);
            };
            // A long chain is a deep tree to the left.
            length = Self::deeper(length)?;
            self.at += 1;
            let right = self.binary_operand(level, depth)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
    }

    /// The next level, without counting it as nesting: levels are not brackets.
    fn binary_operand(
        &mut self,
        level: usize,
        depth: usize,
    ) -> Result<Expression, ExpressionError> {
        match level + 1 < LEVELS.len() {
            true => self.binary(level + 1, depth - 1),
            false => self.cast(depth),
        }
    }

    /// `x as u32`.
    fn cast(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let mut value = self.unary(depth)?;
        let mut length = 0;
        while matches!(self.peek(), Some(Token::Name(name)) if name == "as") {
            length = Self::deeper(length)?;
            self.at += 1;
            let mut pointers = 0;
            while self.takes("*") || self.takes("&") {
                pointers += 1;
                if matches!(self.peek(), Some(Token::Name(n)) if n == "const" || n == "mut") {
                    self.at += 1;
                }
            }
            let name = self.type_words()?;
            value = Expression::Cast(TypeName { name, pointers }, Box::new(value));
        }
        Ok(value)
    }

    fn unary(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let depth = Self::deeper(depth)?;
        const SIGNS: &[(&str, Unary)] = &[
            ("-", Unary::Negate),
            ("~", Unary::Invert),
            ("!", Unary::Not),
            ("*", Unary::Dereference),
            ("&", Unary::AddressOf),
        ];
        if let Some(&(_, operator)) = SIGNS.iter().find(|(sign, _)| self.is_sign(0, sign)) {
            self.at += 1;
            let operand = self.unary(depth)?;
            return Ok(Expression::Unary(operator, Box::new(operand)));
        }
        if self.takes("+") {
            return self.unary(depth);
        }
        if let Some(ty) = self.c_cast() {
            let operand = self.unary(depth)?;
            return Ok(Expression::Cast(ty, Box::new(operand)));
        }
        self.postfix(depth)
    }

    /// `(u32)` or `(struct list *)`, told from an expression in brackets by its words or its `*`.
    fn c_cast(&mut self) -> Option<TypeName> {
        if !self.is_sign(0, "(") {
            return None;
        }
        let begin = self.at;
        self.at += 1;
        let found = self.c_type();
        if found.is_none() {
            self.at = begin;
        }
        found
    }

    fn c_type(&mut self) -> Option<TypeName> {
        let is_type = match self.peek()? {
            Token::Name(name) => TYPE_WORDS.contains(&name.as_str()),
            Token::Quoted(_) => false,
            _ => return None,
        };
        let name = self.type_words().ok()?;
        let mut pointers = 0;
        while self.takes("*") {
            pointers += 1;
        }
        ((is_type || pointers > 0) && self.takes(")")).then_some(TypeName { name, pointers })
    }

    /// The words of a type's name: one, or several of C's.
    fn type_words(&mut self) -> Result<String, ExpressionError> {
        let mut words: Vec<String> = Vec::new();
        while let Some(Token::Name(word) | Token::Quoted(word)) = self.peek() {
            let goes_on = words
                .last()
                .is_none_or(|last| TYPE_WORDS.contains(&last.as_str()))
                && (words.is_empty() || word != "as");
            if !goes_on || words.len() == 4 {
                break;
            }
            words.push(word.clone());
            self.at += 1;
        }
        words.retain(|word| word != "const" && word != "struct");
        if words.is_empty() {
            return Err(ExpressionError::new("the name of a type is missing"));
        }
        Ok(words.join(" "))
    }

    fn postfix(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let mut value = self.primary(depth)?;
        let mut length = 0;
        loop {
            length = Self::deeper(length)?;
            if self.takes("[") {
                let index = self.binary(0, depth)?;
                self.expect("]")?;
                value = Expression::Index(Box::new(value), Box::new(index));
            } else if self.takes(".") || self.takes("->") {
                let name = match self.peek() {
                    Some(Token::Name(name) | Token::Quoted(name)) => name.clone(),
                    // The fields of a tuple.
                    Some(Token::Number(number)) => format!("__{number}"),
                    _ => return Err(ExpressionError::new("the name of a field is missing")),
                };
                self.at += 1;
                value = Expression::Field(Box::new(value), name);
            } else {
                return Ok(value);
            }
        }
    }

    fn primary(&mut self, depth: usize) -> Result<Expression, ExpressionError> {
        let Some(token) = self.peek().cloned() else {
            return Err(ExpressionError::new("the expression ends too early"));
        };
        self.at += 1;
        Ok(match token {
            Token::Number(value) => Expression::Number(value),
            Token::Float(value) => Expression::Float(value),
            Token::Name(name) => Expression::Name(name),
            Token::Quoted(name) => Expression::Symbol(name),
            Token::Dollar(name) => Expression::Dollar(name),
            Token::Sign("(") => {
                let inner = self.binary(0, depth)?;
                self.expect(")")?;
                inner
            }
            other => {
                return Err(ExpressionError::new(format!(
                    "{} is not expected there",
                    describe(&other)
                )));
            }
        })
    }
}
