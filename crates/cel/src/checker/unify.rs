//! Which types go together, and what open types turn out to be.

use std::cell::Cell;

use crate::types::Type;

/// Steps over types that a check may take: a type can be exponentially larger than its expression.
const MAX_STEPS: usize = 500_000;

/// What is known about the open types.
#[derive(Debug, Default)]
pub(super) struct Substitution {
    bound: Vec<Option<Type>>,
    /// What was bound before, to take back an attempt that failed.
    trail: Vec<(usize, Option<Type>)>,
    steps: Cell<usize>,
}

impl Substitution {
    /// A new open type.
    pub(super) fn fresh(&mut self) -> Type {
        self.bound.push(None);
        Type::Var(self.bound.len() - 1)
    }

    /// Whether the check took too many steps; its results mean nothing then.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.get() > MAX_STEPS
    }

    fn step(&self) -> bool {
        self.steps.set(self.steps.get() + 1);
        !self.is_exhausted()
    }

    /// Whether a value of `a` may stand where `b` is wanted. Open types are bound if so.
    pub(super) fn assign(&mut self, a: &Type, b: &Type) -> bool {
        self.assign_all(std::slice::from_ref(a), std::slice::from_ref(b))
    }

    /// [`Self::assign`] for all pairs, or for none.
    pub(super) fn assign_all(&mut self, a: &[Type], b: &[Type]) -> bool {
        self.trail.clear();
        let fits = a.iter().zip(b).all(|(a, b)| self.fits(a, b));
        if !fits {
            while let Some((var, before)) = self.trail.pop() {
                if let Some(slot) = self.bound.get_mut(var) {
                    *slot = before;
                }
            }
        }
        fits
    }

    fn fits(&mut self, a: &Type, b: &Type) -> bool {
        if !self.step() {
            return false;
        }
        if let Type::Var(var) = b {
            match self.substitutes(a, *var) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if let Type::Var(var) = a {
            return self.substitutes(b, *var).0;
        }
        match (a, b) {
            (Type::Dyn, _) | (_, Type::Dyn) | (Type::Meta(_), Type::Meta(_)) => true,
            (Type::Null, other) | (other, Type::Null) => {
                matches!(other, Type::Null | Type::Optional(_) | Type::Timestamp | Type::Duration)
            }
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => self.fits(a, b),
            (Type::Map(a), Type::Map(b)) => self.fits(&a.0, &b.0) && self.fits(&a.1, &b.1),
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }

    /// Whether `found` can be what an open type is, and whether that was known to be something already.
    fn substitutes(&mut self, found: &Type, var: usize) -> (bool, bool) {
        if *found == Type::Var(var) {
            return (true, true);
        }
        let Some(known) = self.bound.get(var).cloned().flatten() else {
            let free = !self.occurs(var, found);
            if free {
                self.bind(var, found.clone());
            }
            return (free, false);
        };
        if let (Type::Var(a), Type::Var(b)) = (found, &known)
            && a == b
        {
            return (true, true);
        }
        if !self.fits(found, &known) {
            return (false, true);
        }
        let general = self.more_general(found, &known);
        if !self.occurs(var, &general) {
            self.bind(var, general);
        }
        (true, true)
    }

    fn bind(&mut self, var: usize, to: Type) {
        if let Some(slot) = self.bound.get_mut(var) {
            self.trail.push((var, slot.replace(to)));
        }
    }

    /// Whether an open type is part of another.
    fn occurs(&self, var: usize, within: &Type) -> bool {
        if !self.step() {
            return true;
        }
        match within {
            Type::Var(other) => *other == var || self.bound.get(*other).and_then(Option::as_ref).is_some_and(|t| self.occurs(var, t)),
            Type::List(of) | Type::Optional(of) | Type::Meta(of) => self.occurs(var, of),
            Type::Map(of) => self.occurs(var, &of.0) || self.occurs(var, &of.1),
            _ => false,
        }
    }

    /// The type with all that is known put in; with `close`, what is still open is dynamic.
    pub(super) fn resolve(&self, found: &Type, close: bool) -> Type {
        if !self.step() {
            return Type::Dyn;
        }
        match found {
            Type::Var(var) => match self.bound.get(*var).and_then(Option::as_ref) {
                Some(known) => self.resolve(known, close),
                None if close => Type::Dyn,
                None => found.clone(),
            },
            Type::List(of) => Type::list(self.resolve(of, close)),
            Type::Optional(of) => Type::optional(self.resolve(of, close)),
            Type::Meta(of) => Type::Meta(self.resolve(of, close).into()),
            Type::Map(of) => Type::map(self.resolve(&of.0, close), self.resolve(&of.1, close)),
            other => other.clone(),
        }
    }

    /// The more general of two types that go together.
    pub(super) fn more_general(&self, a: &Type, b: &Type) -> Type {
        if self.is_at_least_as_general(a, b) { a.clone() } else { b.clone() }
    }

    fn is_at_least_as_general(&self, a: &Type, b: &Type) -> bool {
        if !self.step() {
            return false;
        }
        match (a, b) {
            (Type::Dyn | Type::Var(_), _) => true,
            (_, Type::Dyn | Type::Var(_)) => false,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => self.is_at_least_as_general(a, b),
            (Type::Map(a), Type::Map(b)) => self.is_at_least_as_general(&a.0, &b.0) && self.is_at_least_as_general(&a.1, &b.1),
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }

    /// Whether two types are the same.
    pub(super) fn same(&self, a: &Type, b: &Type) -> bool {
        if !self.step() {
            return false;
        }
        match (a, b) {
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) | (Type::Meta(a), Type::Meta(b)) => self.same(a, b),
            (Type::Map(a), Type::Map(b)) => self.same(&a.0, &b.0) && self.same(&a.1, &b.1),
            (Type::Var(a), Type::Var(b)) => a == b,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        }
    }
}
