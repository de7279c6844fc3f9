//! A profile as text and as a picture.

use std::collections::BTreeMap;
use std::io::{self, Write};

use inferno::flamegraph::{self, Options};

use super::Profiler;

impl Profiler {
    /// Folded stacks, as `flamegraph.pl`, inferno and speedscope read them: functions between semicolons, the outermost
    /// first, and how many samples had this stack.
    pub fn folded(&self) -> impl Iterator<Item = String> {
        self.stacks
            .iter()
            .map(|(stack, count)| format!("{} {count}", stack.join(";")))
    }

    /// Writes the flame graph.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn flame_graph(&self, title: &str, out: impl Write) -> io::Result<()> {
        let mut options = Options::default();
        options.title = title.to_owned();
        options.count_name = "samples".to_owned();
        // The same profile is the same picture.
        options.deterministic = true;
        let lines: Vec<String> = self.folded().collect();
        if lines.is_empty() {
            return Ok(());
        }
        let lines = lines.iter().map(String::as_str);
        flamegraph::from_lines(&mut options, lines, out).map_err(io::Error::other)
    }

    /// The functions with the most samples of their own: name, samples, and samples with what they called.
    #[must_use]
    pub fn top(&self, most: usize) -> Vec<(String, u64, u64)> {
        let mut by_name: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (stack, count) in &self.stacks {
            if let Some(innermost) = stack.last() {
                by_name.entry(innermost).or_default().0 += count;
            }
            let mut seen: Vec<&str> = stack.iter().map(String::as_str).collect();
            seen.sort_unstable();
            seen.dedup();
            for name in seen {
                by_name.entry(name).or_default().1 += count;
            }
        }
        let mut all: Vec<_> = by_name.into_iter().collect();
        all.sort_by_key(|&(name, (own, _))| (std::cmp::Reverse(own), name));
        let shown = all.into_iter().filter(|(_, (own, _))| *own > 0).take(most);
        shown
            .map(|(name, (own, all))| (name.to_owned(), own, all))
            .collect()
    }
}
