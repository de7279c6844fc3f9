//! The kinds of work that CoreMark has: a linked list that is searched, reversed and sorted, small
//! matrices of 16-bit numbers, a state machine over text, and a CRC over all results.
#![cfg_attr(target_os = "none", no_std, no_main)]

use core::hint::black_box;

use frame::{Random, mix};

frame::workload!(run, 0xf59a_81e6_0ea3_75bd);

const ROUNDS: u16 = 2000;

/// One bit at a time, with the polynomial of CRC-16/ARC.
fn crc(mut crc: u16, value: u16) -> u16 {
    for bit in 0..16 {
        let differs = (crc ^ value >> bit) & 1 != 0;
        crc >>= 1;
        if differs {
            crc ^= 0xa001;
        }
    }
    crc
}

mod list {
    //! A linked list by indices, so that its order in memory is not its order.

    use super::Random;

    const LEN: usize = 200;
    const END: usize = usize::MAX;

    #[derive(Clone, Copy)]
    struct Node {
        value: u16,
        next: usize,
    }

    pub struct List {
        nodes: [Node; LEN],
        first: usize,
    }

    impl List {
        /// A list of all nodes, which lie in memory in another order.
        pub fn new(random: &mut Random) -> Self {
            let mut list = Self {
                nodes: [Node {
                    value: 0,
                    next: END,
                }; LEN],
                first: END,
            };
            for i in 0..LEN {
                // 77 and 200 have no common divisor: each node comes once.
                let at = i * 77 % LEN;
                list.nodes[at] = Node {
                    value: random.draw() as u16,
                    next: list.first,
                };
                list.first = at;
            }
            list
        }

        /// How far from the start a value like the wanted one is.
        pub fn find(&self, wanted: impl Fn(u16) -> bool) -> u16 {
            let (mut at, mut distance) = (self.first, 0);
            while at != END && !wanted(self.nodes[at].value) {
                at = self.nodes[at].next;
                distance += 1;
            }
            distance
        }

        pub fn reverse(&mut self) {
            let (mut at, mut before) = (self.first, END);
            while at != END {
                let next = self.nodes[at].next;
                self.nodes[at].next = before;
                (before, at) = (at, next);
            }
            self.first = before;
        }

        /// Merge sort from small runs to large ones, as lists are sorted.
        pub fn sort(&mut self, key: impl Fn(u16) -> u16) {
            let mut run = 1;
            while run < LEN {
                self.merge_runs(run, &key);
                run *= 2;
            }
        }

        fn merge_runs(&mut self, run: usize, key: &impl Fn(u16) -> u16) {
            let (mut rest, mut last) = (self.first, END);
            while rest != END {
                let (mut left, mut right) = (rest, self.skip(rest, run));
                let (mut left_len, mut right_len) = (run, run);
                loop {
                    let has_left = left_len > 0 && left != END;
                    let has_right = right_len > 0 && right != END;
                    if !has_left && !has_right {
                        break;
                    }
                    let take_left = has_left
                        && (!has_right
                            || key(self.nodes[left].value) <= key(self.nodes[right].value));
                    let (side, len) = if take_left {
                        (&mut left, &mut left_len)
                    } else {
                        (&mut right, &mut right_len)
                    };
                    let taken = *side;
                    *side = self.nodes[taken].next;
                    *len -= 1;
                    self.append(&mut last, taken);
                }
                rest = right;
            }
            self.nodes[last].next = END;
        }

        fn append(&mut self, last: &mut usize, node: usize) {
            match *last {
                END => self.first = node,
                last => self.nodes[last].next = node,
            }
            *last = node;
        }

        fn skip(&self, mut at: usize, count: usize) -> usize {
            for _ in 0..count {
                if at == END {
                    break;
                }
                at = self.nodes[at].next;
            }
            at
        }

        /// The values from first to last.
        pub fn values(&self) -> impl Iterator<Item = u16> {
            let mut at = self.first;
            core::iter::from_fn(move || {
                let node = self.nodes.get(at)?;
                at = node.next;
                Some(node.value)
            })
        }
    }
}

mod matrix {
    //! Small matrices of 16-bit numbers with 32-bit results.

    use super::{Random, crc};

    const SIZE: usize = 16;
    type Matrix<T> = [[T; SIZE]; SIZE];

    pub struct Matrices {
        a: Matrix<i16>,
        b: Matrix<i16>,
        c: Matrix<i32>,
    }

    impl Matrices {
        pub fn new(random: &mut Random) -> Self {
            let mut draw =
                || core::array::from_fn(|_| core::array::from_fn(|_| random.draw() as i16 >> 4));
            Self {
                a: draw(),
                b: draw(),
                c: [[0; SIZE]; SIZE],
            }
        }

        /// The product, then the same with some bits of each sum only.
        pub fn multiply(&mut self, mut sum: u16) -> u16 {
            for bits in [0, 5] {
                for i in 0..SIZE {
                    for j in 0..SIZE {
                        let products =
                            (0..SIZE).map(|k| i32::from(self.a[i][k]) * i32::from(self.b[k][j]));
                        self.c[i][j] = if bits == 0 {
                            products.fold(0, i32::wrapping_add)
                        } else {
                            products
                                .fold(0, |sum, product| sum.wrapping_add((product >> bits) & 0x7f))
                        };
                    }
                }
                sum = crc(sum, self.classify());
            }
            sum
        }

        pub fn add(&mut self, value: i16) {
            for element in self.a.iter_mut().flatten() {
                *element = element.wrapping_add(value);
            }
        }

        /// Counts rises and falls from one element to the next.
        fn classify(&self) -> u16 {
            let (mut before, mut score) = (0, 0u16);
            for &element in self.c.iter().flatten() {
                score = score.wrapping_add(if element > before { 10 } else { 1 });
                before = element;
            }
            score
        }
    }
}

mod text {
    //! A state machine that tells numbers of several forms apart.

    use super::crc;

    pub const TEXT: &[u8] = b"5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,\
        -.123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^,7,0.1e,+,--3,9e9,x";

    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Start,
        Sign,
        Integer,
        Fraction,
        Exponent,
        ExponentSign,
        Scientific,
        Invalid,
    }

    fn step(state: State, byte: u8) -> State {
        match (state, byte) {
            (State::Start | State::Sign | State::Integer, b'0'..=b'9') => State::Integer,
            (State::Start, b'+' | b'-') => State::Sign,
            (State::Start | State::Sign | State::Integer, b'.') => State::Fraction,
            (State::Fraction, b'0'..=b'9') => State::Fraction,
            (State::Fraction | State::Integer, b'e' | b'E') => State::Exponent,
            (State::Exponent, b'+' | b'-') => State::ExponentSign,
            (State::Exponent | State::ExponentSign | State::Scientific, b'0'..=b'9') => {
                State::Scientific
            }
            _ => State::Invalid,
        }
    }

    /// Counts how each word ends, and how often each state is entered.
    pub fn scan(text: &[u8], mut sum: u16) -> u16 {
        let mut ends = [0u16; 8];
        let mut entered = [0u16; 8];
        let mut state = State::Start;
        for &byte in text {
            if byte == b',' {
                ends[state as usize] += 1;
                state = State::Start;
                continue;
            }
            let next = step(state, byte);
            if next != state {
                entered[next as usize] += 1;
            }
            state = next;
        }
        for count in ends.into_iter().chain(entered) {
            sum = crc(sum, count);
        }
        sum
    }
}

fn run() -> u64 {
    let mut random = Random::new(20);
    let mut list = list::List::new(&mut random);
    let mut matrices = matrix::Matrices::new(&mut random);
    let mut text = [0; 160];
    text[..text::TEXT.len()].copy_from_slice(text::TEXT);
    let (mut sum, mut checksum) = (0, 0);
    for round in 0..black_box(ROUNDS) {
        sum = crc(sum, list.find(|value| value & 0xff == round & 0xff));
        list.sort(|value| value.rotate_left(u32::from(round)));
        sum = crc(sum, list.find(|value| value > 0xff00));
        list.reverse();
        sum = list.values().fold(sum, crc);
        matrices.add(round as i16 & 7);
        sum = matrices.multiply(sum);
        text[usize::from(round) % text.len()] ^= 0x10;
        sum = text::scan(black_box(&text), sum);
        checksum = mix(checksum, u64::from(sum));
    }
    checksum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_orders_all_values_and_keeps_them() {
        let mut random = Random::new(1);
        let mut list = list::List::new(&mut random);
        let mut values: Vec<u16> = list.values().collect();
        list.sort(|value| value.rotate_left(3));
        values.sort_by_key(|value| value.rotate_left(3));
        assert!(list.values().eq(values.iter().copied()));
        list.reverse();
        assert!(list.values().eq(values.into_iter().rev()));
    }

    #[test]
    fn crc_of_the_usual_check_value() {
        let sum = b"12345678".chunks(2).fold(0, |sum, pair| {
            crc(sum, u16::from_le_bytes([pair[0], pair[1]]))
        });
        assert_eq!(sum, 0x3c9d);
    }
}
