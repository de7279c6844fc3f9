//! RAM's content at a moment, sharing with other moments every page that is the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memory::PAGE_SIZE;

const PAGE_BYTES: usize = PAGE_SIZE as usize;
/// Pages that are shared or copied together in the table.
const CHUNK: usize = 256;

/// Counts the bytes that all snapshots of a machine hold together; what is shared counts once.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Something that a meter counts as long as it lives.
#[derive(Debug)]
struct Metered<T> {
    value: T,
    meter: Meter,
}

impl<T> Metered<T> {
    fn new(value: T, meter: &Meter) -> Self {
        let meter = meter.clone();
        meter.0.fetch_add(size_of::<T>() as u64, Ordering::Relaxed);
        Self { value, meter }
    }
}

impl<T: Clone> Clone for Metered<T> {
    fn clone(&self) -> Self {
        Self::new(self.value.clone(), &self.meter)
    }
}

impl<T> Drop for Metered<T> {
    fn drop(&mut self) {
        let bytes = size_of::<T>() as u64;
        self.meter.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

type Page = Arc<Metered<[u8; PAGE_BYTES]>>;
type Chunk = Arc<Metered<[Option<Page>; CHUNK]>>;

/// All pages of RAM; one that is all zeroes is absent.
#[derive(Clone, Debug, Default)]
pub(super) struct Pages {
    chunks: Vec<Option<Chunk>>,
    meter: Meter,
}

impl Pages {
    /// Bytes that all snapshots which share with this one hold.
    pub fn bytes_held(&self) -> u64 {
        self.meter.bytes()
    }

    /// The content of a page; none when it is all zeroes.
    pub fn get(&self, page: u32) -> Option<&[u8; PAGE_BYTES]> {
        self.page(page).map(|page| &page.value)
    }

    fn page(&self, page: u32) -> Option<&Page> {
        let chunk = self.chunks.get(page as usize / CHUNK)?.as_ref()?;
        chunk.value[page as usize % CHUNK].as_ref()
    }

    /// Takes in what a page holds now.
    pub fn set(&mut self, page: u32, bytes: &[u8]) {
        let Ok(bytes) = <&[u8; PAGE_BYTES]>::try_from(bytes) else {
            return;
        };
        let is_zero = bytes.iter().all(|&byte| byte == 0);
        let same = match self.get(page) {
            Some(old) => old == bytes,
            None => is_zero,
        };
        if same {
            return;
        }
        let new = (!is_zero).then(|| Arc::new(Metered::new(*bytes, &self.meter)));
        let index = page as usize / CHUNK;
        if self.chunks.len() <= index {
            self.chunks.resize(index + 1, None);
        }
        let meter = &self.meter;
        let chunk = self.chunks[index]
            .get_or_insert_with(|| Arc::new(Metered::new([const { None }; CHUNK], meter)));
        Arc::make_mut(chunk).value[page as usize % CHUNK] = new;
    }

    /// The pages whose content differs, or may, from that at another moment of the same machine.
    pub fn differing(&self, other: &Self) -> Vec<u32> {
        let mut pages = Vec::new();
        for index in 0..self.chunks.len().max(other.chunks.len()) {
            let of = |all: &Self| all.chunks.get(index).cloned().flatten();
            let (a, b) = (of(self), of(other));
            let same = match (&a, &b) {
                (None, None) => true,
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                _ => false,
            };
            if same {
                continue;
            }
            let first = (index * CHUNK) as u32;
            pages.extend((first..first + CHUNK as u32).filter(|&page| {
                match (self.page(page), other.page(page)) {
                    (None, None) => false,
                    (Some(a), Some(b)) => !Arc::ptr_eq(a, b),
                    _ => true,
                }
            }));
        }
        pages
    }
}

/// A hart's words, sharing with those of another moment what is the same: most of it is translations.
#[derive(Clone, Debug, Default)]
pub(super) struct Words(Vec<Arc<Metered<[u64; CHUNK]>>>);

impl Words {
    pub fn new(words: impl Iterator<Item = u64>, like: Option<&Self>, pages: &Pages) -> Self {
        let words: Vec<u64> = words.collect();
        let chunk = |(index, words): (usize, &[u64])| {
            let mut whole = [0; CHUNK];
            whole[..words.len()].copy_from_slice(words);
            let old = like.and_then(|like| like.0.get(index));
            match old.filter(|old| old.value == whole) {
                Some(old) => old.clone(),
                None => Arc::new(Metered::new(whole, &pages.meter)),
            }
        };
        Self(words.chunks(CHUNK).enumerate().map(chunk).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().flat_map(|chunk| chunk.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pages_are_held_once_and_counted_once() {
        let mut pages = Pages::default();
        pages.set(5, &[1; PAGE_BYTES]);
        let one = pages.bytes_held();
        let before = pages.clone();
        pages.set(5, &[1; PAGE_BYTES]);
        pages.set(9, &[0; PAGE_BYTES]);
        assert_eq!(pages.bytes_held(), one, "nothing new");
        assert!(pages.differing(&before).is_empty());
        pages.set(5, &[2; PAGE_BYTES]);
        pages.set(700, &[3; PAGE_BYTES]);
        assert_eq!(pages.differing(&before), [5, 700]);
        assert_eq!(before.get(5), Some(&[1; PAGE_BYTES]));
        assert_eq!(before.get(700), None);
        drop(before);
        pages.set(700, &[0; PAGE_BYTES]);
        let chunks = 2 * size_of::<[Option<Page>; CHUNK]>() as u64;
        assert_eq!(pages.bytes_held(), chunks + PAGE_SIZE);
    }
}
