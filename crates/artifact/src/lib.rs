//! Artifacts on disk: what a source becomes before anything is applied from it.
//!
//! A source (a Git tree, a bucket, an OCI layer) is packed into a tar.gz whose bytes depend on nothing but its
//! content, addressed by its digest and published atomically below a storage root; consumers unpack it again with
//! every refusal that an archive from elsewhere deserves.
//!
//! Entry points: [`tarball::Writer`] and [`tarball::archive_dir`] pack, [`tarball::unpack`] unpacks,
//! [`ignore::Rules`] decides what is left out, [`digest::Digest`] names bytes, [`revision`] writes and reads the
//! revision forms, [`storage::Storage`] keeps, serves up and ages what was packed.
//!
//! Everything here is synchronous `std::fs`; there is no network and no Kubernetes. Serving and fetching over HTTP
//! is `ferroflux-artifact-transfer`, reading Git objects is `ferroflux-git`.
//!
//! Mirrors fluxcd/pkg `artifact`, `sourceignore`, `tar` and the revision helpers of `git`.

pub mod digest;
pub mod ignore;
pub mod revision;
pub mod storage;
pub mod tarball;
