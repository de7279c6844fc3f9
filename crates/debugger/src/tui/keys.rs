//! The keys, and what they are for.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Commands that keys stand for.
const COMMANDS: &[(char, &str, &str)] = &[
    ('s', "step", "to the next source line, into calls"),
    ('n', "next", "to the next source line, over calls"),
    ('i', "stepi", "one instruction"),
    ('o', "nexti", "one instruction, over calls and traps"),
    ('f', "finish", "until the function returns"),
    ('c', "continue", "on"),
    (
        'S',
        "reverse-step",
        "back to the source line before, into calls",
    ),
    (
        'N',
        "reverse-next",
        "back to the source line before, over calls",
    ),
    ('I', "reverse-stepi", "back by one instruction"),
    (
        'O',
        "reverse-nexti",
        "back by one instruction, over calls and traps",
    ),
    ('F', "reverse-finish", "back to the call of the function"),
    ('C', "reverse-continue", "back"),
];

/// Keys with another meaning.
const OTHERS: &[(&str, &str)] = &[
    ("F5 F10 F11 Shift-F11", "on, over, into, out"),
    ("F9", "sets or removes a breakpoint at the line in the code"),
    ("Tab, Shift-Tab", "to the next pane, or the one before"),
    ("j k, arrows", "a line down or up in the pane"),
    ("Ctrl-d Ctrl-u, PgDn PgUp", "half a page"),
    (
        "G, Home",
        "to the end, to the beginning (of the code: to the pc)",
    ),
    ("g", "to an address or symbol: in the code, or in memory"),
    ("/", "finds a text in the pane; Enter again finds the next"),
    ("z", "the pane alone, and back"),
    (
        "1 2 3",
        "below: what commands said, the console, the processes",
    ),
    ("r", "registers: integer, floating-point, CSRs"),
    ("u d", "to the caller, to the callee"),
    (":", "a command; Tab completes, arrows recall"),
    (">", "types a line at the guest's console"),
    ("Enter", "the last command again"),
    ("Esc, Ctrl-C", "interrupts what runs"),
    ("q", "quits"),
];

/// The command that a key stands for.
pub(super) fn command(key: KeyEvent) -> Option<&'static str> {
    let shift = key.modifiers.contains(KeyModifiers::SHIFT);
    match key.code {
        KeyCode::F(5) => return Some("continue"),
        KeyCode::F(10) => return Some("next"),
        KeyCode::F(11) if shift => return Some("finish"),
        // What many terminals send for Shift-F11.
        KeyCode::F(23) => return Some("finish"),
        KeyCode::F(11) => return Some("step"),
        _ => {}
    }
    if key
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    {
        return None;
    }
    let KeyCode::Char(letter) = key.code else {
        return None;
    };
    let found = COMMANDS.iter().find(|(own, ..)| *own == letter);
    found.map(|(_, command, _)| *command)
}

/// Whether a key interrupts what runs.
pub(super) fn interrupts(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.code == KeyCode::Esc || control && key.code == KeyCode::Char('c')
}

/// All keys, a line each.
#[must_use]
pub fn help_text() -> Vec<String> {
    let commands = COMMANDS
        .iter()
        .map(|(key, _, help)| (key.to_string(), *help));
    let others = OTHERS.iter().map(|(key, help)| ((*key).to_owned(), *help));
    let all = commands.chain(others);
    all.map(|(key, help)| format!("{key:<25} {help}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_go_backwards() {
        for (small, forward, _) in &COMMANDS[..6] {
            let capital = small.to_ascii_uppercase();
            let back = COMMANDS.iter().find(|(key, ..)| *key == capital).unwrap();
            assert_eq!(back.1, format!("reverse-{forward}"));
        }
    }
}
