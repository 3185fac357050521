//! Decimal arithmetic as the original's library does it: exact sums and products, quotients to sixteen places.

use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{Signed, Zero};

/// Decimal places of a quotient.
const QUOTIENT_PLACES: i32 = 16;

/// `digits` × 10^`exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i32,
}

impl Decimal {
    /// The shortest decimal that reads back as this number; `None` for infinities and NaN.
    pub(super) fn from_float(f: f64) -> Option<Self> {
        if !f.is_finite() {
            return None;
        }
        let text = format!("{:e}", f.abs());
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
        let sign = if f < 0.0 { Sign::Minus } else { Sign::Plus };
        Some(Self { digits: BigInt::from_biguint(sign, BigUint::from(digits)), exponent })
    }

    pub(super) fn add(&self, other: &Self) -> Self {
        let (a, b, exponent) = self.aligned(other);
        Self { digits: a + b, exponent }
    }

    pub(super) fn sub(&self, other: &Self) -> Self {
        let (a, b, exponent) = self.aligned(other);
        Self { digits: a - b, exponent }
    }

    pub(super) fn mul(&self, other: &Self) -> Self {
        Self { digits: &self.digits * &other.digits, exponent: self.exponent.saturating_add(other.exponent) }
    }

    /// The quotient, rounded half away from zero; `None` for a division by zero.
    pub(super) fn div(&self, other: &Self) -> Option<Self> {
        if other.digits.is_zero() {
            return None;
        }
        // self / other = q × 10^-places
        let shift = self.exponent.saturating_sub(other.exponent).saturating_add(QUOTIENT_PLACES);
        let (mut dividend, mut divisor) = (self.digits.abs(), other.digits.abs());
        if shift >= 0 {
            dividend *= power_of_ten(shift.unsigned_abs());
        } else {
            divisor *= power_of_ten(shift.unsigned_abs());
        }
        let half_up: BigInt = (dividend * 2 + &divisor) / (divisor * 2);
        let negative = self.digits.is_negative() != other.digits.is_negative();
        Some(Self { digits: if negative { -half_up } else { half_up }, exponent: -QUOTIENT_PLACES })
    }

    /// The nearest float.
    pub(super) fn to_float(&self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(0.0)
    }

    /// Bytes in memory, roughly.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.digits.bits() / 8).unwrap_or(usize::MAX)
    }

    /// Both digits at the smaller exponent.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let exponent = self.exponent.min(other.exponent);
        let at = |d: &Self| &d.digits * power_of_ten(d.exponent.abs_diff(exponent));
        (at(self), at(other), exponent)
    }
}

fn power_of_ten(n: u32) -> BigInt {
    BigInt::from(10u8).pow(n)
}
