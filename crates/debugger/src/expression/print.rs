//! Values as text.

use std::fmt::Write;

use super::Scope;
use super::evaluate::{load, part};
use super::value::{Type, Value};
use crate::symbols::{Member, Shape, TypeInfo, Variants};

/// Structures inside of structures are shown so far.
const DEEPEST: usize = 6;
/// Elements that are shown of an array, at most.
const MOST_ELEMENTS: u64 = 32;
/// Characters that are shown of a text, at most.
const MOST_CHARACTERS: u64 = 200;
/// Addresses below are taken for numbers, and get no symbol.
const LOWEST_PLACE: u64 = 0x1000;

/// How a number is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As its type says.
    #[default]
    Natural,
    /// `x`
    Hexadecimal,
    /// `d`
    Decimal,
    /// `u`
    Unsigned,
    /// `o`
    Octal,
    /// `t`
    Binary,
    /// `c`
    Character,
    /// `f`
    Float,
    /// `s`
    Text,
    /// `a`
    Address,
}

impl Format {
    /// By gdb's letter.
    #[must_use]
    pub fn by_letter(letter: char) -> Option<Self> {
        Some(match letter {
            'x' | 'z' => Self::Hexadecimal,
            'd' => Self::Decimal,
            'u' => Self::Unsigned,
            'o' => Self::Octal,
            't' => Self::Binary,
            'c' => Self::Character,
            'f' => Self::Float,
            's' => Self::Text,
            'a' => Self::Address,
            _ => return None,
        })
    }
}

/// Shows values.
pub struct Printer<'a> {
    /// For memory behind pointers.
    pub scope: &'a dyn Scope,
    /// The name of an address.
    pub place: &'a dyn Fn(u64) -> Option<String>,
    /// How numbers are shown.
    pub format: Format,
}

impl Printer<'_> {
    /// A value as text, on one line.
    #[must_use]
    pub fn text(&self, value: &Value) -> String {
        let mut text = String::new();
        self.show(value, DEEPEST, true, &mut text);
        text
    }

    fn show(&self, value: &Value, depth: usize, outermost: bool, to: &mut String) {
        match value.ty.described() {
            Some((_, info)) => self.composed(value, &info, depth, to),
            None => *to += &self.number(value, outermost),
        }
    }

    fn number(&self, value: &Value, outermost: bool) -> String {
        let raw = value.raw();
        let signed = value.int().unwrap_or(raw) as i64;
        match self.format {
            Format::Hexadecimal => return format!("{raw:#x}"),
            Format::Decimal => return signed.to_string(),
            Format::Unsigned => return raw.to_string(),
            Format::Octal => return format!("{raw:#o}"),
            Format::Binary => return format!("{raw:#b}"),
            Format::Character => return character(raw),
            Format::Float if value.bytes.len() <= 4 => {
                return f32::from_bits(raw as u32).to_string();
            }
            Format::Float => return f64::from_bits(raw).to_string(),
            Format::Address => return self.address(raw),
            Format::Text => {
                if let Some(text) = self.c_text(raw) {
                    return text;
                }
            }
            Format::Natural => {}
        }
        match &value.ty {
            Type::Bool => match raw {
                0 => "false".to_owned(),
                1 => "true".to_owned(),
                other => format!("{other} (no bool)"),
            },
            Type::Char(_) => character(raw),
            Type::Float(_) => value.float().map_or(String::new(), |f| format!("{f:?}")),
            Type::Pointer(_) | Type::Place => self.address(raw),
            Type::Int { signed: true, .. } if !outermost || signed.unsigned_abs() < 10 => {
                signed.to_string()
            }
            _ if raw < 10 => raw.to_string(),
            Type::Int { signed: true, .. } => format!("{signed} ({raw:#x})"),
            Type::Int { bytes: 8, .. } if raw >= LOWEST_PLACE => {
                let place = (self.place)(raw);
                let place = place.map_or(String::new(), |place| format!(" <{place}>"));
                match outermost {
                    true => format!("{raw} ({raw:#x}{place})"),
                    false => format!("{raw:#x}{place}"),
                }
            }
            _ if outermost => format!("{raw} ({raw:#x})"),
            _ => raw.to_string(),
        }
    }

    fn address(&self, address: u64) -> String {
        let place = (self.place)(address).filter(|_| address >= LOWEST_PLACE);
        place.map_or_else(
            || format!("{address:#x}"),
            |place| format!("{address:#x} <{place}>"),
        )
    }

    fn c_text(&self, address: u64) -> Option<String> {
        let mut bytes = Vec::new();
        for at in 0..MOST_CHARACTERS {
            match self.scope.read(address.wrapping_add(at), 1).ok()?.first()? {
                0 => break,
                byte => bytes.push(*byte),
            }
        }
        Some(format!("{:?}", String::from_utf8_lossy(&bytes)))
    }

    fn composed(&self, value: &Value, info: &TypeInfo, depth: usize, to: &mut String) {
        if depth == 0 {
            to.push('…');
            return;
        }
        match &info.shape {
            Shape::Structure { members, variants } => {
                if let Some(text) = self.slice(value, info, members, depth) {
                    *to += &text;
                    return;
                }
                match variants {
                    Some(variants) => self.variant(value, info, variants, depth, to),
                    None => self.members(value, &info.name, members, depth, to),
                }
            }
            &Shape::Array { of, count } => {
                let Some((debug, _)) = value.ty.described() else {
                    return;
                };
                let Some(ty) = Type::of_debug(debug, of) else {
                    to.push_str("[…]");
                    return;
                };
                let at = |index: u64| part(value, ty.clone(), index * ty.size()).ok();
                self.elements(count, at, depth, to);
            }
            Shape::Enumeration { values, signed } => {
                let raw = value.raw();
                let unused = 64 - 8 * (info.size.clamp(1, 8) as u32);
                let meant = match signed {
                    true => i128::from((raw << unused) as i64 >> unused),
                    false => i128::from(raw),
                };
                let name = values.iter().find(|(_, value)| *value == meant);
                match name {
                    Some((name, _)) => *to += name,
                    None => {
                        let _ = write!(to, "{meant} (no {})", info.name);
                    }
                }
            }
            _ => to.push('?'),
        }
    }

    fn elements(
        &self,
        count: u64,
        at: impl Fn(u64) -> Option<Value>,
        depth: usize,
        to: &mut String,
    ) {
        to.push('[');
        let mut index = 0;
        let mut groups = 0;
        while index < count && groups < MOST_ELEMENTS {
            if groups > 0 {
                *to += ", ";
            }
            groups += 1;
            let Some(value) = at(index) else {
                *to += "<cannot be read>";
                break;
            };
            self.show(&value, depth - 1, false, to);
            // Equal neighbours are shown once.
            let mut same = 1;
            while index + same < count
                && same < 1 << 16
                && at(index + same).is_some_and(|next| next.bytes == value.bytes)
            {
                same += 1;
            }
            if same > 4 {
                let _ = write!(to, " × {same}");
                index += same;
            } else {
                index += 1;
            }
        }
        if index < count {
            *to += ", …";
        }
        to.push(']');
    }

    fn members(
        &self,
        value: &Value,
        name: &str,
        members: &[Member],
        depth: usize,
        to: &mut String,
    ) {
        let Some((debug, _)) = value.ty.described() else {
            return;
        };
        // What only wraps a value is as good as the value.
        const WRAPPERS: [&str; 5] = ["Atomic", "UnsafeCell", "Cell", "ManuallyDrop", "NonZero"];
        if let [member] = members
            && WRAPPERS.iter().any(|wrapper| name.starts_with(wrapper))
            && let Some(ty) = Type::of_debug(debug, member.ty)
            && let Ok(inner) = part(value, ty, member.offset)
        {
            self.show(&inner, depth, false, to);
            return;
        }
        let is_tuple = members.iter().all(|member| member.name.starts_with("__"));
        let shown = name.split('<').next().unwrap_or(name);
        *to += shown.trim_start_matches('(').trim_end_matches(')');
        if members.is_empty() {
            return;
        }
        *to += if is_tuple { "(" } else { " {" };
        for (count, member) in members.iter().enumerate() {
            if count > 0 {
                to.push(',');
            }
            if !is_tuple || count > 0 {
                to.push(' ');
            }
            if !is_tuple {
                let _ = write!(to, "{}: ", member.name);
            }
            let ty = Type::of_debug(debug, member.ty);
            match ty.and_then(|ty| part(value, ty, member.offset).ok()) {
                Some(member) => self.show(&member, depth - 1, false, to),
                None => to.push('?'),
            }
        }
        *to += if is_tuple { ")" } else { " }" };
    }

    /// The variant that is there: its members bear its name.
    fn variant(
        &self,
        value: &Value,
        info: &TypeInfo,
        variants: &Variants,
        depth: usize,
        to: &mut String,
    ) {
        let Some((debug, _)) = value.ty.described() else {
            return;
        };
        let discriminant = variants.discriminant.as_ref().and_then(|member| {
            let ty = Type::of_debug(debug, member.ty)?;
            part(value, ty, member.offset).ok()
        });
        let by_value = |wanted: &u128| {
            let found = discriminant.as_ref()?;
            let mask = match found.bytes.len() {
                len @ 0..=7 => (1u128 << (8 * len)) - 1,
                _ => u128::from(u64::MAX),
            };
            Some(wanted & mask == u128::from(found.raw()))
        };
        let meant = variants
            .all
            .iter()
            .find(|variant| variant.value.as_ref().and_then(by_value).unwrap_or(false));
        let fallback = || variants.all.iter().find(|variant| variant.value.is_none());
        let Some(variant) = meant.or_else(fallback) else {
            let _ = write!(to, "{} (no variant)", info.name);
            return;
        };
        let ty = Type::of_debug(debug, variant.member.ty);
        let held = ty.and_then(|ty| part(value, ty, variant.member.offset).ok());
        match held {
            Some(held) => self.show(&held, depth, false, to),
            None => *to += &variant.member.name,
        }
    }

    /// `&str` and slices show what they lead to.
    fn slice(
        &self,
        value: &Value,
        info: &TypeInfo,
        members: &[Member],
        depth: usize,
    ) -> Option<String> {
        let (debug, _) = value.ty.described()?;
        let named = |name: &str| {
            let member = members.iter().find(|member| member.name == name)?;
            let ty = Type::of_debug(debug, member.ty)?;
            part(value, ty, member.offset).ok()
        };
        let (data, length) = (named("data_ptr")?, named("length")?.raw());
        if info.name.ends_with("str") {
            let bytes = self.scope.read(data.raw(), length.min(MOST_CHARACTERS));
            let text = bytes.map(|bytes| format!("{:?}", String::from_utf8_lossy(&bytes)));
            let more = if length > MOST_CHARACTERS { "…" } else { "" };
            return Some(text.unwrap_or_else(|_| self.address(data.raw())) + more);
        }
        let Type::Pointer(Some(of)) = &data.ty else {
            return None;
        };
        let of = (**of).clone().known();
        let at = |index: u64| {
            let address = data.raw().wrapping_add(index.wrapping_mul(of.size()));
            load(of.clone(), address, self.scope).ok()
        };
        let mut text = String::new();
        self.elements(length, at, depth, &mut text);
        Some(text)
    }
}

fn character(raw: u64) -> String {
    match u32::try_from(raw).ok().and_then(char::from_u32) {
        Some(c) => format!("{raw} {c:?}"),
        None => raw.to_string(),
    }
}
