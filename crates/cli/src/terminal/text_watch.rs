//! Finds a text in output that comes piece by piece.

/// Looks for one text.
pub struct TextWatch {
    text: Vec<u8>,
    tail: Vec<u8>,
}

impl TextWatch {
    /// Looks for `text`.
    pub fn new(text: &str) -> Self {
        Self {
            text: text.as_bytes().to_vec(),
            tail: Vec::new(),
        }
    }

    /// Whether the text has been seen, with this piece.
    pub fn sees(&mut self, piece: &[u8]) -> bool {
        if self.text.is_empty() {
            return true;
        }
        self.tail.extend_from_slice(piece);
        let found = self.tail.windows(self.text.len()).any(|w| w == self.text);
        let keep = self.tail.len().min(self.text.len() - 1);
        self.tail.drain(..self.tail.len() - keep);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_across_pieces() {
        let mut watch = TextWatch::new("passed");
        assert!(!watch.sees(b"all pa"));
        assert!(!watch.sees(b"ss"));
        assert!(watch.sees(b"ed\n"));
        assert!(TextWatch::new("").sees(b""));
    }
}
