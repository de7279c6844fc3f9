//! Extensions, and which of them a hart has.

use alloc::string::{String, ToString};
use core::fmt;

macro_rules! extensions {
    ($($name:ident $text:literal [$($implied:ident)*];)*) => {
        /// An extension that can be switched on or off.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        #[allow(missing_docs)] // each is the extension of that name
        pub enum Extension { $($name,)* }

        impl Extension {
            /// Every extension, in canonical order.
            pub const ALL: &'static [Self] = &[ $(Self::$name,)* ];

            /// Its name in lower case, as an ISA string has it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            const fn implies(self) -> &'static [Self] {
                match self { $(Self::$name => &[$(Self::$implied),*],)* }
            }
        }
    };
}

// Canonical order of an ISA string: single letters, then Z by the letter that follows, then S.
extensions! {
    I "i" [];
    M "m" [Zmmul];
    A "a" [Zaamo Zalrsc];
    F "f" [Zicsr];
    D "d" [F];
    C "c" [Zca];
    S "s" [U Zicsr];
    U "u" [];
    Zicbom "zicbom" [];
    Zicbop "zicbop" [];
    Zicboz "zicboz" [];
    Ziccamoa "ziccamoa" [];
    Ziccif "ziccif" [];
    Zicclsm "zicclsm" [];
    Ziccrse "ziccrse" [];
    Zicntr "zicntr" [Zicsr];
    Zicond "zicond" [];
    Zicsr "zicsr" [];
    Zifencei "zifencei" [];
    Zihintntl "zihintntl" [];
    Zihintpause "zihintpause" [];
    Zihpm "zihpm" [Zicsr];
    Zimop "zimop" [];
    Zmmul "zmmul" [];
    Za64rs "za64rs" [];
    Zaamo "zaamo" [];
    Zabha "zabha" [Zaamo];
    Zacas "zacas" [Zaamo];
    Zalrsc "zalrsc" [];
    Zawrs "zawrs" [];
    Zfa "zfa" [F];
    Zfh "zfh" [Zfhmin];
    Zfhmin "zfhmin" [F];
    Zca "zca" [];
    Zcb "zcb" [Zca];
    Zcd "zcd" [Zca D];
    Zcmop "zcmop" [Zca];
    Zba "zba" [];
    Zbb "zbb" [];
    Zbc "zbc" [];
    Zbkb "zbkb" [];
    Zbkc "zbkc" [];
    Zbkx "zbkx" [];
    Zbs "zbs" [];
    Zknd "zknd" [];
    Zkne "zkne" [];
    Zknh "zknh" [];
    Zksed "zksed" [];
    Zksh "zksh" [];
    Zkt "zkt" [];
    Sstc "sstc" [S];
    Svade "svade" [S];
    Svadu "svadu" [S];
    Svinval "svinval" [S];
    Svnapot "svnapot" [S];
    Svpbmt "svpbmt" [S];
    Sv39 "sv39" [S];
    Sv48 "sv48" [Sv39];
    Sv57 "sv57" [Sv48];
}

/// Names for several extensions at once.
const GROUPS: &[(&str, &[Extension])] = {
    use Extension as E;
    &[
        ("g", &[E::I, E::M, E::A, E::F, E::D, E::Zicsr, E::Zifencei]),
        ("b", &[E::Zba, E::Zbb, E::Zbs]),
        (
            "zkn",
            &[E::Zbkb, E::Zbkc, E::Zbkx, E::Zkne, E::Zknd, E::Zknh],
        ),
        ("zks", &[E::Zbkb, E::Zbkc, E::Zbkx, E::Zksed, E::Zksh]),
        (
            "zk",
            &[E::Zbkb, E::Zbkc, E::Zbkx, E::Zkne, E::Zknd, E::Zknh, E::Zkt],
        ),
        ("zce", &[E::Zca, E::Zcb]),
    ]
};

/// A set of extensions: what a hart is able to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IsaConfig(u128);

impl IsaConfig {
    /// Only RV64I with M-mode.
    pub const BASE: Self = Self(1 << Extension::I as u32);

    /// Whether an extension is on.
    #[inline(always)]
    #[must_use]
    pub const fn has(&self, extension: Extension) -> bool {
        self.0 >> (extension as u32) & 1 != 0
    }

    /// Switches an extension on, and all that it implies.
    pub fn add(&mut self, extension: Extension) {
        if !self.has(extension) {
            self.0 |= 1 << extension as u32;
            for &implied in extension.implies() {
                self.add(implied);
            }
        }
        if self.has(Extension::C) && self.has(Extension::D) {
            self.0 |= 1 << Extension::Zcd as u32;
        }
    }

    /// Switches an extension off.
    pub fn remove(&mut self, extension: Extension) {
        self.0 &= !(1 << extension as u32);
    }

    /// The extensions that are on, in canonical order.
    pub fn iter(&self) -> impl Iterator<Item = Extension> + '_ {
        Extension::ALL.iter().copied().filter(|&e| self.has(e))
    }

    /// The letters of `misa` that are on, as its low 26 bits.
    #[must_use]
    pub fn misa(&self) -> u64 {
        let letters = self.iter().filter_map(|e| match e.name().as_bytes() {
            [letter] => Some(1 << (letter - b'a')),
            _ => None,
        });
        let b = [Extension::Zba, Extension::Zbb, Extension::Zbs];
        let has_b = b.iter().all(|&e| self.has(e));
        letters.fold(u64::from(has_b) << 1, |bits, letter| bits | letter)
    }

    /// Reads an ISA string such as `rv64gc_zba_zbb`: `rv64`, single letters, then longer names
    /// with `_` between, in any order and case; versions (`2p1`) are accepted and ignored.
    /// What is not named is off, but M-, S- and U-mode with Sv39, Sv48 and Sv57, and the CSR instructions that they
    /// need, are there unless a string names privileges with single letters `s` or `u`.
    ///
    /// # Errors
    /// When a name is unknown or the base is not RV64I.
    pub fn parse(text: &str) -> Result<Self, IsaError> {
        let lower = text.to_ascii_lowercase();
        let rest = lower
            .strip_prefix("rv64")
            .ok_or_else(|| IsaError::Base(text.to_string()))?;
        let mut set = Self(0);
        let mut parts = rest.split('_');
        parse_letters(parts.next().unwrap_or(""), &mut set, text)?;
        for part in parts.filter(|part| !part.is_empty()) {
            add_named(strip_version(part), &mut set, text)?;
        }
        if !set.has(Extension::I) {
            return Err(IsaError::Base(text.to_string()));
        }
        for privileged in [Extension::S, Extension::U, Extension::Sv57] {
            set.add(privileged);
        }
        Ok(set)
    }
}

/// Single letters, up to the first longer name that follows without `_`.
fn parse_letters(letters: &str, set: &mut IsaConfig, text: &str) -> Result<(), IsaError> {
    let mut rest = letters;
    while let Some(letter) = rest.chars().next() {
        if matches!(letter, 'z' | 'x') || letter == 's' && rest.len() > 1 && is_name(rest) {
            return add_named(strip_version(rest), set, text);
        }
        let (name, after) = rest.split_at(letter.len_utf8());
        add_named(name, set, text)?;
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() < after.len() {
            let minor = rest.strip_prefix('p').unwrap_or(rest);
            rest = minor.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    Extension::ALL
        .iter()
        .any(|e| e.name() == strip_version(text))
}

fn strip_version(name: &str) -> &str {
    if Extension::ALL.iter().any(|e| e.name() == name) {
        return name; // za64rs and sv39 end in what looks like a version
    }
    let no_minor = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match no_minor.strip_suffix('p') {
        Some(major)
            if no_minor.len() < name.len() && major.ends_with(|c: char| c.is_ascii_digit()) =>
        {
            major.trim_end_matches(|c: char| c.is_ascii_digit())
        }
        _ => no_minor,
    }
}

fn add_named(name: &str, set: &mut IsaConfig, text: &str) -> Result<(), IsaError> {
    if let Some((_, members)) = GROUPS.iter().find(|group| group.0 == name) {
        members.iter().for_each(|&member| set.add(member));
        return Ok(());
    }
    match Extension::ALL.iter().find(|e| e.name() == name) {
        Some(&extension) => {
            set.add(extension);
            Ok(())
        }
        None => Err(IsaError::Unknown {
            name: name.to_string(),
            text: text.to_string(),
        }),
    }
}

impl Default for IsaConfig {
    /// Everything that the emulator has, with `svadu` and without `svade`.
    fn default() -> Self {
        let mut set = Self(0);
        Extension::ALL
            .iter()
            .for_each(|&extension| set.add(extension));
        set.remove(Extension::Svade);
        set
    }
}

impl fmt::Display for IsaConfig {
    /// The canonical ISA string. Privilege modes and address-translation modes are not part of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rv64")?;
        for extension in self.iter().filter(|e| e.is_in_isa_string()) {
            if extension.name().len() > 1 {
                f.write_str("_")?;
            }
            f.write_str(extension.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for IsaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Extension {
    /// Whether ISA strings and device trees list it: privilege modes and translation modes have
    /// places of their own.
    #[must_use]
    pub const fn is_in_isa_string(self) -> bool {
        !matches!(
            self,
            Self::S | Self::U | Self::Sv39 | Self::Sv48 | Self::Sv57
        )
    }
}

/// An ISA string that describes no hart that can be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IsaError {
    /// It does not begin with `rv64i` or `rv64g`.
    Base(String),
    /// It names an extension that is not there.
    Unknown {
        /// The name.
        name: String,
        /// The whole string.
        text: String,
    },
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base(text) => write!(f, "ISA string `{text}`: it must begin with rv64i or rv64g"),
            Self::Unknown { name, text } => {
                write!(
                    f,
                    "ISA string `{text}`: `{name}` is not an extension that Hartland has; it has"
                )?;
                for extension in Extension::ALL {
                    write!(f, " {}", extension.name())?;
                }
                Ok(())
            }
        }
    }
}

impl core::error::Error for IsaError {}
