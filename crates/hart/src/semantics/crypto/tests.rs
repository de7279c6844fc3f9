//! The algorithms that the instructions are made for, run on the standards' own test vectors.

use isa::Opcode as O;

use super::super::integer::alu;
use super::*;

/// A block as the low and the high register.
fn block(bytes: [u8; 16]) -> [u64; 2] {
    let value = u128::from_le_bytes(bytes);
    [value as u64, (value >> 64) as u64]
}

/// The round keys of AES-128.
fn aes_128_keys(key: [u64; 2]) -> [[u64; 2]; 11] {
    let mut keys = [key; 11];
    for round in 0..10 {
        let [low, high] = keys[round];
        let seed = alu(O::Aes64ks1i, high, round as u64);
        let low = alu(O::Aes64ks2, seed, low);
        keys[round + 1] = [low, alu(O::Aes64ks2, low, high)];
    }
    keys
}

/// One round step on both halves of the state, then the round key.
fn aes_round(op: O, [low, high]: [u64; 2], key: [u64; 2]) -> [u64; 2] {
    [alu(op, low, high) ^ key[0], alu(op, high, low) ^ key[1]]
}

const FIPS_197_KEY: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const FIPS_197_PLAIN: u128 = 0x00112233445566778899aabbccddeeff;
const FIPS_197_CIPHER: u128 = 0x69c4e0d86a7b0430d8cdb78070b4c55a;

#[test]
fn aes_128_encrypts_the_example_of_fips_197() {
    let keys = aes_128_keys(block(FIPS_197_KEY));
    let [low, high] = block(FIPS_197_PLAIN.to_be_bytes());
    let mut state = [low ^ keys[0][0], high ^ keys[0][1]];
    for &key in &keys[1..10] {
        state = aes_round(O::Aes64esm, state, key);
    }
    state = aes_round(O::Aes64es, state, keys[10]);
    assert_eq!(state, block(FIPS_197_CIPHER.to_be_bytes()));
}

#[test]
fn aes_128_decrypts_the_example_of_fips_197() {
    let keys = aes_128_keys(block(FIPS_197_KEY));
    let [low, high] = block(FIPS_197_CIPHER.to_be_bytes());
    let mut state = [low ^ keys[10][0], high ^ keys[10][1]];
    for key in keys[1..10].iter().rev() {
        // The equivalent inverse cipher: round keys through InvMixColumns (FIPS 197, 5.3.5).
        state = aes_round(O::Aes64dsm, state, key.map(|half| alu(O::Aes64im, half, 0)));
    }
    state = aes_round(O::Aes64ds, state, keys[0]);
    assert_eq!(state, block(FIPS_197_PLAIN.to_be_bytes()));
}

#[test]
fn aes_256_key_schedule_has_a_step_without_rotation() {
    // FIPS 197, A.3: words 4, 11 and 12 of the expanded key, first byte first.
    let [w4, w11, w12] = [0x1f35_2c07, 0x2067_fcde, 0xa8b0_9c1a_u32].map(u32::swap_bytes);
    let substituted = alu(O::Aes64ks1i, u64::from(w11) << 32, 10);
    assert_eq!(w4 ^ substituted as u32, w12);
    assert_eq!(w4 ^ (substituted >> 32) as u32, w12);
}

#[test]
fn substitution_boxes_of_aes() {
    // FIPS 197, figure 7: corners and the example of 5.1.1.
    let corners = [0x00, 0x0f, 0xf0, 0xff, 0x53].map(|byte: usize| AES_FORWARD[byte]);
    assert_eq!(corners, [0x63, 0x76, 0x8c, 0x16, 0xed]);
    for byte in 0..=255u8 {
        assert_eq!(
            AES_INVERSE[usize::from(AES_FORWARD[usize::from(byte)])],
            byte
        );
    }
}

/// The first 64 bits after the point of the cube root of `n`, or of the square root.
fn root_fraction(n: u32, degree: u32) -> u64 {
    // Does (integer + fraction / 2^64)^degree exceed n? In base 2^32 digits, least first.
    let power_exceeds = |integer: u32, fraction: u64| {
        let root = [fraction as u32, (fraction >> 32) as u32, integer];
        let product = (1..degree).fold(root.to_vec(), |power, _| multiply_digits(&power, &root));
        let point = 2 * degree as usize;
        let above = product[point..]
            .iter()
            .rev()
            .fold(0u64, |sum, &d| sum << 32 | u64::from(d));
        let fractional = product[..point].iter().any(|&digit| digit != 0);
        above > u64::from(n) || (above == u64::from(n) && fractional)
    };
    let integer = (1..)
        .find(|root: &u32| (root + 1).pow(degree) > n)
        .unwrap_or(0);
    (0..64).rev().fold(0, |fraction, bit| {
        let candidate = fraction | 1 << bit;
        if power_exceeds(integer, candidate) {
            fraction
        } else {
            candidate
        }
    })
}

fn multiply_digits(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut product = vec![0u32; a.len() + b.len()];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, &y) in b.iter().enumerate() {
            carry += u64::from(x) * u64::from(y) + u64::from(product[i + j]);
            product[i + j] = carry as u32;
            carry >>= 32;
        }
        product[i + b.len()] = carry as u32;
    }
    product
}

fn primes() -> impl Iterator<Item = u32> {
    (2..).filter(|n: &u32| {
        (2..*n)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    })
}

/// The parts in which SHA-256 and SHA-512 differ (FIPS 180-4, 6.2 and 6.4).
struct Sha2 {
    rounds: usize,
    /// Bits of a word.
    bits: u32,
    /// σ0, σ1, Σ0, Σ1.
    functions: [O; 4],
}

impl Sha2 {
    fn word(&self, value: u64) -> u64 {
        value & (u64::MAX >> (64 - self.bits))
    }

    fn function(&self, index: usize, value: u64) -> u64 {
        self.word(alu(self.functions[index], value, 0))
    }

    /// The digest of a message of one block of sixteen words, padding included.
    fn digest(&self, message: [u64; 16]) -> Vec<u64> {
        let constant = |prime, degree| root_fraction(prime, degree) >> (64 - self.bits);
        let mut schedule = message.to_vec();
        for t in 16..self.rounds {
            let sum = self
                .function(1, schedule[t - 2])
                .wrapping_add(schedule[t - 7])
                .wrapping_add(self.function(0, schedule[t - 15]))
                .wrapping_add(schedule[t - 16]);
            schedule.push(self.word(sum));
        }
        let initial: Vec<u64> = primes().take(8).map(|prime| constant(prime, 2)).collect();
        let mut v = initial.clone();
        for (prime, scheduled) in primes().zip(schedule) {
            let [a, b, c, d, e, f, g, h] = v[..] else {
                unreachable!("eight words")
            };
            let choose = (e & f) ^ (!e & g);
            let majority = (a & b) ^ (a & c) ^ (b & c);
            let first = h
                .wrapping_add(self.function(3, e))
                .wrapping_add(choose)
                .wrapping_add(constant(prime, 3))
                .wrapping_add(scheduled);
            let second = self.function(2, a).wrapping_add(majority);
            let (new_a, new_e) = (first.wrapping_add(second), d.wrapping_add(first));
            v = [new_a, a, b, c, new_e, e, f, g]
                .map(|word| self.word(word))
                .to_vec();
        }
        initial
            .iter()
            .zip(v)
            .map(|(x, y)| self.word(x.wrapping_add(y)))
            .collect()
    }
}

/// "abc" padded to one block of big-endian words of `bits` bits.
fn abc(bits: u32) -> [u64; 16] {
    let mut message = [0; 16];
    message[0] = 0x6162_6380 << (bits - 32);
    message[15] = 24;
    message
}

#[test]
fn sha_256_of_abc() {
    let functions = [O::Sha256sig0, O::Sha256sig1, O::Sha256sum0, O::Sha256sum1];
    let digest = Sha2 {
        rounds: 64,
        bits: 32,
        functions,
    }
    .digest(abc(32));
    assert_eq!(
        digest,
        [
            0xba78_16bf,
            0x8f01_cfea,
            0x4141_40de,
            0x5dae_2223,
            0xb003_61a3,
            0x9617_7a9c,
            0xb410_ff61,
            0xf200_15ad,
        ]
    );
}

#[test]
fn sha_512_of_abc() {
    let functions = [O::Sha512sig0, O::Sha512sig1, O::Sha512sum0, O::Sha512sum1];
    let digest = Sha2 {
        rounds: 80,
        bits: 64,
        functions,
    }
    .digest(abc(64));
    assert_eq!(
        digest,
        [
            0xddaf_35a1_9361_7aba,
            0xcc41_7349_ae20_4131,
            0x12e6_fa4e_89a9_7ea2,
            0x0a9e_eee6_4b55_d39a,
            0x2192_992a_274f_c1a8,
            0x36ba_3c23_a3fe_ebbd,
            0x454d_4423_643c_e80e,
            0x2a9a_c94f_a54c_a49f,
        ]
    );
}

#[test]
fn sha_256_functions_sign_extend() {
    assert_eq!(alu(O::Sha256sum0, 2, 0), 0xffff_ffff_8010_0800);
}

#[test]
fn sm3_of_abc() {
    let permute = |op, value: u32| alu(op, u64::from(value), 0) as u32;
    let mut w: Vec<u32> = abc(32).iter().map(|&word| word as u32).collect();
    for j in 16..68 {
        let inner = w[j - 16] ^ w[j - 9] ^ w[j - 3].rotate_left(15);
        w.push(permute(O::Sm3p1, inner) ^ w[j - 13].rotate_left(7) ^ w[j - 6]);
    }
    let initial = [
        0x7380_166f,
        0x4914_b2b9,
        0x1724_42d7,
        0xda8a_0600,
        0xa96f_30bc,
        0x1631_38aa,
        0xe38d_ee4d,
        0xb0fb_0e4e_u32,
    ];
    let mut v = initial;
    for j in 0..64 {
        let [a, b, c, d, e, f, g, h] = v;
        let constant = if j < 16 { 0x79cc_4519_u32 } else { 0x7a87_9d8a };
        let ss1 = a
            .rotate_left(12)
            .wrapping_add(e)
            .wrapping_add(constant.rotate_left(j as u32 % 32))
            .rotate_left(7);
        let ss2 = ss1 ^ a.rotate_left(12);
        let (ff, gg) = if j < 16 {
            (a ^ b ^ c, e ^ f ^ g)
        } else {
            ((a & b) | (a & c) | (b & c), (e & f) | (!e & g))
        };
        let tt1 = ff
            .wrapping_add(d)
            .wrapping_add(ss2)
            .wrapping_add(w[j] ^ w[j + 4]);
        let tt2 = gg.wrapping_add(h).wrapping_add(ss1).wrapping_add(w[j]);
        v = [
            tt1,
            a,
            b.rotate_left(9),
            c,
            permute(O::Sm3p0, tt2),
            e,
            f.rotate_left(19),
            g,
        ];
    }
    let digest: Vec<u32> = v.iter().zip(initial).map(|(x, y)| x ^ y).collect();
    assert_eq!(
        digest,
        [
            0x66c7_f0f4,
            0x62ee_edd9,
            0xd1f2_d46b,
            0xdc10_e4e2,
            0x4167_c487,
            0x5cf2_f7a2,
            0x297d_a02b,
            0x8f4b_a8e0,
        ]
    );
}

/// One round of SM4 or of its key schedule: the four bytes of `b` into `a`. Words are held as the
/// instructions want them, in little-endian order.
fn sm4_round(op: O, a: u32, b: u32) -> u32 {
    (0..4).fold(u64::from(a), |sum, select| {
        sm4(op, sum, u64::from(b), select)
    }) as u32
}

#[test]
fn sm4_encrypts_the_standard_example() {
    // GB/T 32907-2016, A.1: key and plain text are the same.
    let text = 0x0123456789abcdeffedcba9876543210_u128.to_be_bytes();
    let words: [u32; 4] = core::array::from_fn(|index| {
        u32::from_le_bytes(core::array::from_fn(|byte| text[4 * index + byte]))
    });
    let family = [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc_u32];
    let mut keys: [u32; 4] =
        core::array::from_fn(|index| words[index] ^ family[index].swap_bytes());
    let mut state = words;
    for round in 0..32u32 {
        // CK: the byte numbered 4 × round + n is seven times that number.
        let constant = core::array::from_fn(|byte| ((4 * round + byte as u32) * 7) as u8);
        let mixed = keys[1] ^ keys[2] ^ keys[3] ^ u32::from_le_bytes(constant);
        keys = [
            keys[1],
            keys[2],
            keys[3],
            sm4_round(O::Sm4ks, keys[0], mixed),
        ];
        let mixed = state[1] ^ state[2] ^ state[3] ^ keys[3];
        state = [
            state[1],
            state[2],
            state[3],
            sm4_round(O::Sm4ed, state[0], mixed),
        ];
    }
    state.reverse();
    let cipher: Vec<u8> = state.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(
        cipher,
        0x681edf34d206965e86b3e94f536e4246_u128.to_be_bytes()
    );
}

#[test]
fn sm4_results_are_sign_extended() {
    let results = [0, 1, 2, 3].map(|select| sm4(O::Sm4ed, 0, 0, select));
    assert!(results.iter().all(|&result| result == result as i32 as u64));
    assert_eq!(sm4(O::Sm4ed, 0xffff_ffff_0000_0000, 0, 0), results[0]);
}
