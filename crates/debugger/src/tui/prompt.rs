//! The command line: an editor of one line, with history and completion.

use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Lines that are remembered.
const MOST_LINES: usize = 1000;
/// Larger files are no history.
const MOST_BYTES: u64 = 4 << 20;

/// What a key came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edited {
    /// Still editing.
    Goes,
    /// The line is done.
    Line(String),
    /// It was given up.
    Left,
    /// The person asks what could come.
    Complete,
}

/// An editor of one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Prompt {
    text: Vec<char>,
    cursor: usize,
    history: Vec<String>,
    /// Where in the history we are; none for the line that is being written.
    at: Option<usize>,
    draft: String,
}

impl Prompt {
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Columns before the cursor.
    pub fn cursor(&self) -> usize {
        use unicode_width::UnicodeWidthChar;
        let before = self.text[..self.cursor].iter();
        before.map(|letter| letter.width().unwrap_or(0)).sum()
    }

    pub fn clear(&mut self) {
        self.set("");
    }

    pub fn set(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.cursor = self.text.len();
        self.at = None;
    }

    pub fn insert(&mut self, text: &str) {
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            self.text.insert(self.cursor, letter);
            self.cursor += 1;
        }
    }

    /// The last line that was entered.
    pub fn last(&self) -> Option<&str> {
        self.history.last().map(String::as_str)
    }

    pub fn remember(&mut self, line: &str) {
        if !line.is_empty() && self.last() != Some(line) {
            self.history.push(line.to_owned());
        }
        if self.history.len() > MOST_LINES {
            self.history.remove(0);
        }
    }

    pub fn load_history(&mut self, path: &Path) {
        let is_fit = std::fs::metadata(path).is_ok_and(|file| file.len() <= MOST_BYTES);
        if let Some(text) = is_fit.then(|| std::fs::read_to_string(path).ok()).flatten() {
            self.history = text.lines().map(str::to_owned).collect();
            let more = self.history.len().saturating_sub(MOST_LINES);
            self.history.drain(..more);
        }
    }

    /// A history that cannot be kept is lost: nothing else depends on it.
    pub fn save_history(&self, path: &Path) {
        if let Some(directory) = path.parent() {
            let _ = std::fs::create_dir_all(directory);
        }
        let _ = std::fs::write(path, self.history.join("\n") + "\n");
    }

    pub fn key(&mut self, key: KeyEvent) -> Edited {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => {
                let line = self.text();
                self.clear();
                return Edited::Line(line);
            }
            KeyCode::Esc => {
                self.clear();
                return Edited::Left;
            }
            KeyCode::Char('c' | 'g') if control => {
                self.clear();
                return Edited::Left;
            }
            KeyCode::Backspace if self.text.is_empty() => return Edited::Left,
            KeyCode::Tab => return Edited::Complete,
            KeyCode::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            KeyCode::Char('h') if control && self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('k') if control => self.text.truncate(self.cursor),
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('w') if control => self.delete_word(),
            KeyCode::Up => self.older(),
            KeyCode::Down => self.newer(),
            KeyCode::Char('p') if control => self.older(),
            KeyCode::Char('n') if control => self.newer(),
            KeyCode::Char(letter) if !control => {
                self.text.insert(self.cursor, letter);
                self.cursor += 1;
            }
            _ => {}
        }
        Edited::Goes
    }

    fn delete_word(&mut self) {
        let before = &self.text[..self.cursor];
        let end = before.iter().rposition(|letter| *letter != ' ');
        let start = end.and_then(|end| before[..end].iter().rposition(|letter| *letter == ' '));
        let start = start.map_or(0, |at| at + 1);
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    fn older(&mut self) {
        let at = match self.at {
            None if self.history.is_empty() => return,
            None => {
                self.draft = self.text();
                self.history.len() - 1
            }
            Some(at) => at.saturating_sub(1),
        };
        self.recall(at);
    }

    fn newer(&mut self) {
        match self.at {
            Some(at) if at + 1 < self.history.len() => self.recall(at + 1),
            Some(_) => {
                let draft = std::mem::take(&mut self.draft);
                self.set(&draft);
            }
            None => {}
        }
    }

    fn recall(&mut self, at: usize) {
        if let Some(line) = self.history.get(at).cloned() {
            self.set(&line);
            self.at = Some(at);
        }
    }

    /// Takes over what all possible lines begin with; returns whether there is something to choose from.
    pub fn complete(&mut self, lines: &[String]) -> bool {
        let Some(first) = lines.first() else {
            return false;
        };
        let mut common = first.as_str();
        for line in lines {
            let len = common
                .char_indices()
                .zip(line.chars())
                .find(|((_, a), b)| a != b)
                .map_or(common.len().min(line.len()), |((at, _), _)| at);
            common = &common[..len];
        }
        if common.len() > self.text().len() {
            let common = common.to_owned();
            self.set(&common);
            return false;
        }
        lines.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(prompt: &mut Prompt, text: &str) {
        for letter in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            assert_eq!(prompt.key(key), Edited::Goes);
        }
    }

    fn press(prompt: &mut Prompt, code: KeyCode) -> Edited {
        prompt.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_line_is_edited_and_entered() {
        let mut prompt = Prompt::default();
        typed(&mut prompt, "b mian");
        press(&mut prompt, KeyCode::Backspace);
        press(&mut prompt, KeyCode::Backspace);
        press(&mut prompt, KeyCode::Backspace);
        typed(&mut prompt, "ain");
        assert_eq!(
            press(&mut prompt, KeyCode::Enter),
            Edited::Line("b main".to_owned())
        );
        assert_eq!(prompt.text(), "");
    }

    #[test]
    fn the_history_goes_back_and_comes_back_to_the_draft() {
        let mut prompt = Prompt::default();
        prompt.remember("first");
        prompt.remember("second");
        typed(&mut prompt, "dra");
        press(&mut prompt, KeyCode::Up);
        press(&mut prompt, KeyCode::Up);
        assert_eq!(prompt.text(), "first");
        press(&mut prompt, KeyCode::Down);
        press(&mut prompt, KeyCode::Down);
        assert_eq!(prompt.text(), "dra");
    }

    #[test]
    fn completion_takes_what_is_certain() {
        let mut prompt = Prompt::default();
        typed(&mut prompt, "rev");
        let lines = ["reverse-step ".to_owned(), "reverse-next ".to_owned()];
        assert!(!prompt.complete(&lines));
        assert_eq!(prompt.text(), "reverse-");
        assert!(prompt.complete(&lines));
    }
}
