//! Addresses as a person writes them: numbers, symbols and `$registers`, added and subtracted.

use machine::Machine;

/// The value of an expression on a hart.
///
/// # Errors
/// It says what is not understood.
pub fn evaluate(text: &str, machine: &Machine, hart: usize) -> Result<u64, String> {
    let mut value = 0u64;
    let mut rest = text;
    if rest.is_empty() {
        return Err("an address is a number, a symbol or a $register, such as $sp+0x10".to_owned());
    }
    let mut subtract = false;
    loop {
        let end = rest.find(['+', '-']).unwrap_or(rest.len());
        let term = term(&rest[..end], machine, hart)?;
        value = if subtract {
            value.wrapping_sub(term)
        } else {
            value.wrapping_add(term)
        };
        let Some(sign) = rest[end..].chars().next() else {
            return Ok(value);
        };
        subtract = sign == '-';
        rest = &rest[end + 1..];
    }
}

fn term(text: &str, machine: &Machine, hart: usize) -> Result<u64, String> {
    if let Some(name) = text.strip_prefix('$') {
        return register(name, machine, hart)
            .ok_or_else(|| format!("there is no register ${name}"));
    }
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let symbol = || {
        let mut images = machine.images().iter();
        images.find_map(|image| image.symbols.by_name(text))
    };
    number
        .or_else(symbol)
        .ok_or_else(|| format!("`{text}` is no number, symbol or $register"))
}

/// The value of a register by its name.
fn register(name: &str, machine: &Machine, hart: usize) -> Option<u64> {
    let hart = machine.harts().get(hart)?;
    if name == "pc" {
        return Some(hart.pc);
    }
    if let Some(number) = isa::reg::x_number(name) {
        return Some(hart.reg(number));
    }
    if let Some(number) = isa::reg::f_number(name) {
        return hart.f.get(usize::from(number)).copied();
    }
    hart.peek_csr(machine.bus(), isa::csr::number(name)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine::Config;

    #[test]
    fn terms_are_added_and_subtracted() {
        let mut machine = Machine::new(Config::default()).unwrap();
        machine.hart_mut(0).unwrap().set_reg(2, 0x100);
        let value = |text| evaluate(text, &machine, 0);
        assert_eq!(value("$sp+0x10-8"), Ok(0x108));
        assert_eq!(value("$pc"), Ok(0x1000));
        assert_eq!(value("$mhartid"), Ok(0));
        assert!(value("$zz").unwrap_err().contains("$zz"));
        assert!(value("main").unwrap_err().contains("main"));
        assert!(value("").is_err());
        assert!(value("1+").is_err());
    }
}
