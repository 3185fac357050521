//! Which values are left out when an object is written: those that Go leaves out.

pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

pub(crate) fn is_zero(value: &i64) -> bool {
    *value == 0
}
