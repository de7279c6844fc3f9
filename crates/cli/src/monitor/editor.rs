//! Keys to lines: as much editing as a short command needs.

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const CTRL_L: u8 = 12;
const CTRL_U: u8 = 21;
const ESCAPE: u8 = 27;
const DELETE: u8 = 127;

/// What a key made of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// There is more to come.
    Unfinished,
    /// A whole line.
    Entered(String),
    /// Ctrl-D on an empty line.
    Left,
}

/// A line in the making, and those before it.
#[derive(Debug, Default)]
pub struct Editor {
    line: String,
    /// Bytes of an arrow key so far.
    sequence: Vec<u8>,
    history: Vec<String>,
    /// Which earlier line is shown, counted from the newest.
    back: usize,
}

impl Editor {
    /// Takes a key: what to show, and whether the line is whole.
    pub fn take(&mut self, key: u8) -> (Vec<u8>, Line) {
        if !self.sequence.is_empty() || key == ESCAPE {
            return (self.arrow(key), Line::Unfinished);
        }
        match key {
            b'\r' | b'\n' => return (b"\n".to_vec(), self.enter()),
            CTRL_D if self.line.is_empty() => return (Vec::new(), Line::Left),
            _ => {}
        }
        let echo = match key {
            BACKSPACE | DELETE => match self.line.pop() {
                Some(_) => b"\x08 \x08".to_vec(),
                None => Vec::new(),
            },
            CTRL_C | CTRL_U => self.replace(String::new()),
            CTRL_L => Vec::new(),
            b' '..=b'~' => {
                self.line.push(char::from(key));
                vec![key]
            }
            _ => Vec::new(),
        };
        (echo, Line::Unfinished)
    }

    fn enter(&mut self) -> Line {
        let line = std::mem::take(&mut self.line);
        self.back = 0;
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
        }
        Line::Entered(line)
    }

    /// Up and down fetch earlier lines; other such keys do nothing.
    fn arrow(&mut self, key: u8) -> Vec<u8> {
        self.sequence.push(key);
        let step: isize = match self.sequence.as_slice() {
            [_] | [_, b'[' | b'O'] => return Vec::new(),
            [_, b'[' | b'O', b'A'] => 1,
            [_, b'[' | b'O', b'B'] => -1,
            [.., b'0'..=b'9' | b';'] if self.sequence.len() < 8 => return Vec::new(),
            _ => 0,
        };
        self.sequence.clear();
        if step == 0 {
            return Vec::new();
        }
        self.back = self
            .back
            .saturating_add_signed(step)
            .min(self.history.len());
        let at = self.history.len() - self.back;
        let line = self.history.get(at).cloned().unwrap_or_default();
        self.replace(line)
    }

    /// Shows another line in the place of this one.
    fn replace(&mut self, line: String) -> Vec<u8> {
        let mut echo = b"\x08 \x08".repeat(self.line.len());
        echo.extend(line.bytes());
        self.line = line;
        echo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(editor: &mut Editor, keys: &[u8]) -> Line {
        keys.iter()
            .fold(Line::Unfinished, |_, &key| editor.take(key).1)
    }

    #[test]
    fn lines_are_edited() {
        let mut editor = Editor::default();
        let line = typed(&mut editor, b"infx\x7fo irq\r");
        assert_eq!(line, Line::Entered("info irq".to_owned()));
        let line = typed(&mut editor, b"nonsense\x15quit\n");
        assert_eq!(line, Line::Entered("quit".to_owned()));
        assert_eq!(typed(&mut editor, b"\x04"), Line::Left);
    }

    #[test]
    fn earlier_lines_come_back() {
        let mut editor = Editor::default();
        typed(&mut editor, b"one\rtwo\r");
        let line = typed(&mut editor, b"\x1b[A\x1b[A\r");
        assert_eq!(line, Line::Entered("one".to_owned()));
        let line = typed(&mut editor, b"\x1b[A\x1b[A\x1b[B\x1b[3~\r");
        assert_eq!(line, Line::Entered("one".to_owned()));
    }
}
