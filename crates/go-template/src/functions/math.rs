//! Numbers. Integer functions compute in `int64` and wrap around; float functions of two and more numbers compute in
//! decimal.

use crate::context::Context;
use crate::error::CallError;
use crate::format;
use crate::function::{Args, Function};
use crate::value::{List, Type, Value};

use super::cast::{parse_int_lossy, to_float64, to_int64};
use decimal::Decimal;

mod decimal;

const ANY: Type = Type::Any;
const I: Type = Type::Int;

/// The functions of this module.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("int", &[ANY], |_, a| Ok(Value::Int(to_int64(a.value(0))))),
    Function::new("int64", &[ANY], |_, a| Ok(Value::Int64(to_int64(a.value(0))))),
    Function::new("float64", &[ANY], |_, a| Ok(to_float64(a.value(0)).into())),
    Function::new("atoi", &[Type::String], |_, a| Ok(Value::Int(parse_int_lossy(&a.text(0), 10)))),
    Function::new("toDecimal", &[ANY], to_decimal),
    Function::new("add1", &[ANY], |_, a| Ok(Value::Int64(to_int64(a.value(0)).wrapping_add(1)))),
    Function::variadic("add", &[ANY], |_, a| Ok(fold(0, a.all(), i64::wrapping_add))),
    Function::new("sub", &[ANY, ANY], |_, a| Ok(fold(to_int64(a.value(0)), a.rest(1), i64::wrapping_sub))),
    Function::variadic("mul", &[ANY, ANY], |_, a| Ok(fold(to_int64(a.value(0)), a.rest(1), i64::wrapping_mul))),
    Function::new("div", &[ANY, ANY], |_, a| divided(a, i64::wrapping_div)),
    Function::new("mod", &[ANY, ANY], |_, a| divided(a, i64::wrapping_rem)),
    Function::variadic("max", &[ANY, ANY], |_, a| Ok(fold(to_int64(a.value(0)), a.rest(1), i64::max))),
    Function::variadic("biggest", &[ANY, ANY], |_, a| Ok(fold(to_int64(a.value(0)), a.rest(1), i64::max))),
    Function::variadic("min", &[ANY, ANY], |_, a| Ok(fold(to_int64(a.value(0)), a.rest(1), i64::min))),
    Function::new("add1f", &[ANY], |_, a| Ok(decimal(to_float64(a.value(0)))?.add(&decimal(1.0)?).to_float().into())),
    Function::variadic("addf", &[ANY], |ctx, a| fold_decimal(ctx, 0.0, a.all(), |x, y| Ok(x.add(y)))),
    Function::variadic("subf", &[ANY, ANY], |ctx, a| fold_decimal(ctx, to_float64(a.value(0)), a.rest(1), |x, y| Ok(x.sub(y)))),
    Function::variadic("mulf", &[ANY, ANY], |ctx, a| fold_decimal(ctx, to_float64(a.value(0)), a.rest(1), |x, y| Ok(x.mul(y)))),
    Function::variadic("divf", &[ANY, ANY], |ctx, a| fold_decimal(ctx, to_float64(a.value(0)), a.rest(1), divide)),
    Function::variadic("maxf", &[ANY, ANY], |_, a| Ok(fold_float(a, max_float))),
    Function::variadic("minf", &[ANY, ANY], |_, a| Ok(fold_float(a, |x, y| -max_float(-x, -y)))),
    Function::new("floor", &[ANY], |_, a| Ok(to_float64(a.value(0)).floor().into())),
    Function::new("ceil", &[ANY], |_, a| Ok(to_float64(a.value(0)).ceil().into())),
    Function::variadic("round", &[ANY, I, Type::Float64], round),
    Function::new("until", &[I], |ctx, a| until_step(ctx, 0, a.int(0), if a.int(0) < 0 { -1 } else { 1 }).map(ints)),
    Function::new("untilStep", &[I, I, I], |ctx, a| until_step(ctx, a.int(0), a.int(1), a.int(2)).map(ints)),
    Function::variadic("seq", &[I], seq),
];

fn fold(start: i64, values: &[Value], step: fn(i64, i64) -> i64) -> Value {
    Value::Int64(values.iter().map(to_int64).fold(start, step))
}

fn divided(args: &Args<'_>, divide: fn(i64, i64) -> i64) -> Result<Value, CallError> {
    match to_int64(args.value(1)) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::Int64(divide(to_int64(args.value(0)), divisor))),
    }
}

/// Reads the printed form as an octal number; 0 if it is none.
fn to_decimal(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let text = format::sprint(args.value(0));
    let number = std::str::from_utf8(&text).ok().and_then(|t| i64::from_str_radix(t, 8).ok());
    Ok(Value::Int64(number.unwrap_or(0)))
}

fn decimal(f: f64) -> Result<Decimal, CallError> {
    Decimal::from_float(f).ok_or_else(|| {
        let text = format::sprint(&f.into());
        CallError::new(format!("Cannot create a Decimal from {}", String::from_utf8_lossy(&text)))
    })
}

fn divide(x: &Decimal, y: &Decimal) -> Result<Decimal, CallError> {
    x.div(y).ok_or_else(|| "decimal division by 0".into())
}

fn fold_decimal(
    ctx: &Context<'_>,
    start: f64,
    values: &[Value],
    step: fn(&Decimal, &Decimal) -> Result<Decimal, CallError>,
) -> Result<Value, CallError> {
    let mut total = decimal(start)?;
    for value in values {
        total = step(&total, &decimal(to_float64(value))?)?;
        ctx.reserve(total.size())?;
    }
    Ok(total.to_float().into())
}

fn fold_float(args: &Args<'_>, step: fn(f64, f64) -> f64) -> Value {
    args.rest(1).iter().map(to_float64).fold(to_float64(args.value(0)), step).into()
}

/// Go's `math.Max`: infinity wins over NaN, NaN over numbers, zero over minus zero.
fn max_float(x: f64, y: f64) -> f64 {
    if x == f64::INFINITY || y == f64::INFINITY {
        f64::INFINITY
    } else if x.is_nan() || y.is_nan() {
        f64::NAN
    } else if x == 0.0 && x == y {
        if x.is_sign_negative() { y } else { x }
    } else if x > y {
        x
    } else {
        y
    }
}

/// `round value places [threshold]`: up if the fraction reaches the threshold, one half by default.
fn round(_: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let threshold = if args.len() > 2 { args.float(2) } else { 0.5 };
    let scale = power_of_ten(args.int(1));
    let scaled = scale * to_float64(args.value(0));
    let rounded = if scaled.fract() >= threshold { scaled.ceil() } else { scaled.floor() };
    Ok((rounded / scale).into())
}

/// Go's `math.Pow(10, n)`, by repeated squaring of mantissas.
fn power_of_ten(n: i64) -> f64 {
    // Beyond these the result is infinite or zero; in between the exponents fit.
    let mut left = n.unsigned_abs().min(400);
    let (mut result, mut result_exp) = (1.0f64, 0i32);
    let (mut square, mut square_exp) = (0.625f64, 4i32);
    while left != 0 {
        if left & 1 == 1 {
            result *= square;
            result_exp += square_exp;
        }
        square *= square;
        square_exp *= 2;
        if square < 0.5 {
            square += square;
            square_exp -= 1;
        }
        left >>= 1;
    }
    if n < 0 {
        (result, result_exp) = (1.0 / result, -result_exp);
    }
    // In two steps, so that a result near the limits is not lost half-way.
    let half = result_exp / 2;
    result * 2f64.powi(half) * 2f64.powi(result_exp - half)
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::List(List::new(Type::INTS, numbers.into_iter().map(Value::Int).collect()))
}

/// The numbers from `start` up or down to `stop`, which is left out.
fn until_step(ctx: &Context<'_>, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, CallError> {
    let (distance, stride) = (i128::from(stop) - i128::from(start), i128::from(step));
    if stride == 0 || distance == 0 || (distance < 0) != (stride < 0) {
        return Ok(Vec::new());
    }
    let count = distance.unsigned_abs().div_ceil(stride.unsigned_abs());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    ctx.reserve(count.saturating_mul(size_of::<Value>()))?;
    Ok((0..count).map(|i| start.wrapping_add(step.wrapping_mul(i as i64))).collect())
}

/// Like the shell's: `seq end`, `seq start end`, `seq start step end`, as text.
fn seq(ctx: &Context<'_>, args: &Args<'_>) -> Result<Value, CallError> {
    let direction = |start: i64, end: i64| if end < start { -1 } else { 1 };
    let (start, step, end) = match args.len() {
        1 => (1, direction(1, args.int(0)), args.int(0)),
        2 => (args.int(0), direction(args.int(0), args.int(1)), args.int(1)),
        3 => (args.int(0), args.int(1), args.int(2)),
        _ => return Ok("".into()),
    };
    if args.len() == 3 && end < start && step > 0 {
        return Ok("".into());
    }
    let numbers = until_step(ctx, start, end.wrapping_add(direction(start, end)), step)?;
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(texts.join(" ").into())
}
